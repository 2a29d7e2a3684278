// How each kind of condition is edited: the inputs that follow the first list.
import { h } from '../dom.js';
import { behaviour } from './behaviour.js';
import { field } from './field.js';
import { coupon, message } from './messages.js';
import { segment, share, top } from './others.js';
import { sequence } from './sequence.js';

const KINDS = { field, event: behaviour, sequence, message, coupon, segment, share, top };

/**
 * What editors need of the page. `set(node, part, change, redraw)` changes a node's rule by `change(rule, node)`.
 * Changes of the same part, one after the other, are one step to undo (arrow keys go through a list one by one);
 * a part that ends in “!” is a step each time.
 */
export class Kit {
  constructor({ schema, subjects, texts, units, urls, set }) {
    Object.assign(this, { schema, subjects, texts, units, urls, set });
    this.names = new Map();
    // Who wants what is seldom needed keeps it open.
    this.open = new Set();
  }

  suggest(kind) {
    return `${this.urls.suggest}?kind=${encodeURIComponent(kind)}`;
  }

  editor(node) {
    const kind = Object.keys(KINDS).find((name) => name in node.rule);
    return kind ? KINDS[kind](this, node) : [h('code', {}, JSON.stringify(node.rule))];
  }
}
