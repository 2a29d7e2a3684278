// What people did: which events, how many of them, when.
import { measure } from './measures.js';
import { more, things } from './narrowing.js';
import { windowOf } from './windows.js';

export function behaviour(kit, node) {
  const at = (part) => `${node.id}:e:${part}`;
  const put = (part, change, redraw = true) => kit.set(node, `e:${part}`, change, redraw);
  return [
    ...things(kit, at, node.rule, put),
    ...measure(kit, at, node.rule, put),
    ...windowOf(kit, at, node.rule, put),
    more(kit, at, node.rule, put),
  ];
}
