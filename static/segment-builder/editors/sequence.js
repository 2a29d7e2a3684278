// One thing, then within a time another, or not. Only the first step has a window: the second's is the time between.
import { h } from '../dom.js';
import { numeral, select } from '../inputs.js';
import { more, things } from './narrowing.js';
import { windowOf } from './windows.js';

export function sequence(kit, node) {
  const { rule } = node;
  const { texts, schema } = kit;
  const at = (part) => `${node.id}:${part}`;
  const set = (part, change, redraw = true) => kit.set(node, part, change, redraw);
  const [unit, n] = Object.entries(rule.within || { hours: 24 })[0];
  return [h('div', { class: 'sb-rows' },
    step(kit, node, 0),
    h('div', { class: 'sb-row' },
      select(at('then'), texts.thenWhat, [{ value: '', label: texts.then }, { value: 'absent', label: texts.thenNot }], rule.absent ? 'absent' : '', (value) => set('then', (r) => {
        delete r.absent;
        if (value) r.absent = true;
      })),
      h('span', {}, texts.within),
      numeral(at('withinN'), texts.within, n, (read) => set('withinN', (r) => { r.within = { [unit]: read }; }, false), { whole: true, least: 1 }),
      select(at('withinUnit'), texts.unit, schema.units, unit, (name) => set('withinUnit', (r) => { r.within = { [name]: Object.values(r.within)[0] }; })),
      select(at('same'), texts.same, [{ value: '', label: texts.sameAny }, { value: 'product', label: texts.sameProduct }, { value: 'order', label: texts.sameOrder }], rule.same || '', (value) => set('same', (r) => {
        delete r.same;
        if (value) r.same = value;
      }))),
    step(kit, node, 1))];
}

function step(kit, node, index) {
  const rule = node.rule.sequence[index];
  const at = (part) => `${node.id}:${index}:${part}`;
  const put = (part, change, redraw = true) => kit.set(node, `${index}:${part}`, (r) => change(r.sequence[index]), redraw);
  const first = index === 0;
  return h('div', { class: 'sb-row sb-step' },
    select(at('event'), kit.texts.event, kit.schema.events, rule.event, (event) => put('event', (r) => { r.event = event; })),
    things(kit, at, rule, put),
    first || 'within_days' in rule || 'within' in rule || 'from' in rule || 'until' in rule ? windowOf(kit, at, rule, put) : null,
    more(kit, at, rule, put, { edges: first }));
}
