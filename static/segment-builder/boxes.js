// The tree as boxes: groups, the conditions in them, and the buttons that move and remove them.
import { fill, h, icon } from './dom.js';
import * as tree from './tree.js';

const WORDS = [['all', true, false], ['any', false, false], ['none', false, true], ['notall', true, true]];

/** Where the focus goes when a node is reached. */
export const entry = (node) => `${node.id}:${node.kind === 'group' ? 'word' : 'subject'}`;

export class Boxes {
  /** `edit(change, { run, focus })` changes the tree as one step; `root()` is the tree as it is now. */
  constructor({ kit, texts, limits, edit, root }) {
    Object.assign(this, { kit, texts, limits, edit, root });
  }

  group(node, depth = 0) {
    const { texts } = this;
    const outermost = !tree.find(this.root(), node.id).parent;
    const word = WORDS.find(([, every, not]) => every === node.every && not === node.not)[0];
    const choose = h('select', {
      'data-key': `${node.id}:word`, 'aria-label': texts.match,
      onchange: (event) => this.edit(() => {
        const [, every, not] = WORDS.find(([name]) => name === event.target.value);
        Object.assign(node, { every, not });
      }, { run: `${node.id}:word` }),
    }, WORDS.map(([name]) => h('option', { value: name, selected: name === word }, texts.words[name])));
    const empty = depth === 0 ? texts.everyoneFits : texts.emptyGroup;
    return h('div', { class: `sb-group${depth === 0 ? ' is-root' : ''}`, role: 'group', 'aria-label': fill(texts.groupName, { n: depth + 1 }), 'data-node': node.id },
      h('div', { class: 'sb-head' },
        h('span', {}, texts.match), choose,
        h('span', { class: 'sb-side' }, h('span', { class: 'sb-count st-num', 'data-count': node.id }), outermost ? null : this.tools(node))),
      h('p', { class: 'sb-error', role: 'alert', 'data-error': node.id }),
      node.nodes.length ? null : h('p', { class: 'st-mute sb-empty' }, empty),
      node.nodes.map((child, index) => [
        index ? h('div', { class: 'sb-word' }, node.every ? texts.joinAll : texts.joinAny) : null,
        child.kind === 'group' ? this.group(child, depth + 1) : this.leaf(child, depth),
      ]),
      h('div', { class: 'sb-add' },
        h('button', { type: 'button', class: 'st-btn sm', 'data-key': `${node.id}:add`, onclick: () => this.add(node) }, icon('add'), texts.addCondition),
        depth + 2 < this.limits.depth
          ? h('button', { type: 'button', class: 'st-btn sm sb-quiet', 'data-key': `${node.id}:addGroup`, onclick: () => this.addGroup(node) }, icon('account_tree'), texts.addGroup)
          : null));
  }

  leaf(node, depth) {
    const { texts, kit: { subjects } } = this;
    const value = subjects.of(node.rule);
    const label = subjects.names.get(value) || value;
    const errorId = `error-${node.id}`;
    const subject = h('select', {
      class: 'sb-subject', 'data-key': `${node.id}:subject`, 'aria-label': texts.about, 'aria-describedby': errorId,
      onchange: (event) => this.edit(() => {
        Object.assign(node, { rule: subjects.begin(event.target.value), of: null });
      }, { run: `${node.id}:subject` }),
    },
    subjects.names.has(value) ? null : h('option', { value, selected: true }, label),
    subjects.groups.map((group) => h('optgroup', { label: group.label }, group.items.map((item) => h('option', { value: item.value, selected: item.value === value }, item.label)))));
    const not = node.not && !('segment' in node.rule);
    return h('div', { class: 'sb-leaf', role: 'group', 'aria-label': label, 'data-node': node.id, onkeydown: (event) => this.keys(event, node) },
      h('div', { class: 'sb-parts' },
        not && h('button', { type: 'button', class: 'sb-not', 'data-key': `${node.id}:not`, title: texts.notHint, onclick: () => this.edit(() => { node.not = false; }, { focus: `${node.id}:subject` }) }, texts.not, icon('close')),
        subject, this.kit.editor(node)),
      h('span', { class: 'sb-side' }, h('span', { class: 'sb-count st-num', 'data-count': node.id }), this.tools(node)),
      h('p', { class: 'sb-error', role: 'alert', id: errorId, 'data-error': node.id }),
      // Its first group is two levels of the language below the one around it.
      node.of && h('div', { class: 'sb-of' }, this.group(node.of, depth + 2)));
  }

  /** The buttons at the end of a condition or group: what is seldom used stands behind the dots. */
  tools(node) {
    const { texts } = this;
    const root = this.root();
    const { parent, index } = tree.find(root, node.id);
    const group = node.kind === 'group';
    const nested = Boolean(tree.find(root, parent.id).parent);
    const item = (name, symbol, change, focus, shown = true) => shown && h('button', { type: 'button', 'data-key': `${node.id}:${name}`, onclick: () => this.edit(change, { focus }) }, icon(symbol), texts[name]);
    const stay = `${node.id}:dots`;
    const menu = h('details', {
      class: 'sb-menu',
      onkeydown: (event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        event.currentTarget.open = false;
        event.currentTarget.firstChild.focus();
      },
      onfocusout: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false; },
    },
    h('summary', { 'aria-label': texts.actions, 'data-key': stay, class: 'sb-icon' }, icon('more_vert')),
    h('div', {},
      item('moveUp', 'arrow_upward', (top) => tree.move(top, node.id, -1), stay, index > 0 || nested),
      item('moveDown', 'arrow_downward', (top) => tree.move(top, node.id, 1), stay, index < parent.nodes.length - 1 || nested),
      item('moveOut', 'format_indent_decrease', (top) => tree.moveOut(top, node.id), stay, nested),
      item('nest', 'account_tree', (top) => tree.nest(top, node.id), (made) => `${made.id}:add`, tree.depth(root) < this.limits.depth),
      item('unnest', 'layers_clear', (top) => tree.unnest(top, node.id), group && node.nodes.length ? entry(node.nodes[0]) : '', group && node.nodes.length > 0),
      item('duplicate', 'content_copy', (top) => tree.duplicate(top, node.id), entry, this.room(tree.leaves(node).length)),
      item('turn', 'contrast', () => { node.not = !node.not; }, stay, !group)));
    return [menu, h('button', { type: 'button', class: 'sb-icon', 'aria-label': group ? texts.removeGroup : texts.removeCondition, 'data-key': `${node.id}:remove`, onclick: () => this.drop(node) }, icon('close'))];
  }

  /** Whether so many more conditions are allowed. */
  room(more = 1) {
    return tree.leaves(this.root()).length + more <= this.limits.conditions;
  }

  add(parent) {
    if (!this.room()) return;
    this.edit(() => {
      const made = tree.leaf(this.kit.subjects.begin('field:profile.revenue'));
      parent.nodes.push(made);
      return made;
    }, { focus: entry });
  }

  addGroup(parent) {
    if (!this.room()) return;
    this.edit(() => {
      const made = tree.group([tree.leaf(this.kit.subjects.begin('field:profile.revenue'))], !parent.every);
      parent.nodes.push(made);
      return made;
    }, { focus: (made) => entry(made.nodes[0]) });
  }

  drop(node) {
    const { parent, index } = tree.find(this.root(), node.id);
    this.edit((root) => tree.remove(root, node.id), {
      focus: () => {
        const next = parent.nodes[Math.min(index, parent.nodes.length - 1)];
        return next ? entry(next) : `${parent.id}:add`;
      },
    });
  }

  /** Alt with the arrows moves a condition without leaving it. */
  keys(event, node) {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    event.stopPropagation(); // a condition within “the top … among” moves alone
    this.edit((root) => tree.move(root, node.id, event.key === 'ArrowUp' ? -1 : 1), { focus: document.activeElement?.dataset.key });
  }
}
