// The list of blocks: chosen, moved by mouse and keyboard, with those within others indented.
import { fill, h, icon } from '../segment-builder/dom.js';
import { listsOf } from './state.js';

export class List {
  constructor({ place, texts, schema, may, on }) {
    Object.assign(this, { place, texts, schema, may, on });
    this.dragged = '';
  }

  draw(draft, selected, problems) {
    this.selected = selected;
    this.problems = problems;
    this.kinds = new Map(draft.blocks.map((block) => [block.id, block.kind]));
    const rows = this.rows(draft.blocks);
    this.place.replaceChildren(rows.length
      ? h('ul', { class: 'ce-blocks', 'aria-label': this.texts.blocks }, rows)
      : h('p', { class: 'st-mute' }, this.texts.noBlocks));
  }

  rows(blocks) {
    return blocks.map((block, index) => this.row(block, index, blocks));
  }

  row(block, index, list) {
    const { texts } = this;
    const kind = this.schema.kinds[block.kind] || { title: block.kind, icon: 'help', members: [] };
    const chosen = this.selected === block.id;
    const problem = this.problems.get(block.id);
    const name = kind.title;
    const choose = h('button', {
      type: 'button', class: 'ce-block', 'data-key': `block:${block.id}`, 'aria-current': chosen ? 'true' : null,
      draggable: this.may ? 'true' : null,
      'aria-keyshortcuts': 'Alt+ArrowUp Alt+ArrowDown Delete',
      onclick: () => this.on.choose(block.id),
      onkeydown: (event) => this.key(event, block.id),
      ondragstart: (event) => { this.dragged = block.id; event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', block.id); },
      ondragend: () => { this.dragged = ''; },
      ondragover: (event) => this.over(event),
      ondrop: (event) => this.drop(event, list, block.id),
    }, icon(kind.icon), h('span', { class: 'ce-name' }, name, h('small', {}, said(block))),
    problem ? h('span', { class: `ce-flag ${problem.level}`, title: problem.message }, icon(problem.level === 'wrong' ? 'error' : 'warning'), h('span', { class: 'sr-only' }, problem.message)) : null);
    const tools = chosen && this.may && !this.schema.alone.includes(block.kind) ? h('div', { class: 'ce-tools', role: 'group', 'aria-label': name },
      this.tool('arrow_upward', texts.moveUp, () => this.on.move(block.id, -1), `up:${block.id}`, index === 0),
      this.tool('arrow_downward', texts.moveDown, () => this.on.move(block.id, 1), `down:${block.id}`, index === list.length - 1),
      this.tool('content_copy', texts.duplicate, () => this.on.duplicate(block.id), `copy:${block.id}`),
      this.tool('delete', texts.remove, () => this.on.remove(block.id), `remove:${block.id}`)) : null;
    return h('li', {}, h('div', { class: 'ce-row' }, choose, tools), this.inner(block));
  }

  /** The lists within a block, each with its own button to add to it. */
  inner(block) {
    const lists = block.kind === 'conditional'
      ? [{ name: 'blocks', list: block.blocks || [] }, { name: 'otherwise', list: block.otherwise || [] }] : listsOf(block);
    if (!lists.length) return null;
    return h('div', { class: 'ce-inner' }, lists.map(({ name, index, list }) => {
      const label = name === 'columns' ? fill(this.texts.column, { number: index + 1 }) : name === 'blocks' ? this.texts.they : this.texts.others;
      return h('div', { ondragover: (event) => this.over(event), ondrop: (event) => this.drop(event, list, null, block, name) },
        h('div', { class: 'ce-inner-name' }, label),
        list.length ? h('ul', { class: 'ce-blocks' }, this.rows(list)) : null,
        this.may && h('button', {
          type: 'button', class: 'ce-add-inner', 'data-key': `add:${block.id}:${name}:${index ?? ''}`,
          'aria-label': `${this.texts.addHere}: ${label}`,
          onclick: (event) => this.on.palette(event.currentTarget, block, name, index),
        }, icon('add'), this.texts.add));
    }));
  }

  tool(sign, label, work, key, off = false) {
    return h('button', { type: 'button', class: 'sb-icon', 'aria-label': label, title: label, 'data-key': key, 'aria-disabled': off ? 'true' : null, onclick: () => off || work() }, icon(sign));
  }

  key(event, id) {
    if (!this.may || this.schema.alone.includes(this.kindOf(id))) return;
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      this.on.move(id, event.key === 'ArrowUp' ? -1 : 1);
    } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      const all = [...this.place.querySelectorAll('.ce-block')];
      all[all.indexOf(event.currentTarget) + (event.key === 'ArrowUp' ? -1 : 1)]?.focus();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      this.on.remove(id);
    }
  }

  kindOf(id) { return this.kinds.get(id) || ''; }

  over(event) {
    if (!this.dragged) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = 'move';
  }

  drop(event, list, before, parent = null, name = '') {
    if (!this.dragged) return;
    event.preventDefault();
    event.stopPropagation();
    this.on.place(this.dragged, list, before, parent, name);
  }
}

/** The first words of a block, to tell two of a kind apart. */
function said(block) {
  const text = block.text || block.title || block.label || block.alt || '';
  return String(text).replace(/\{\{\s*([\w.]+)[^}]*\}\}/g, '$1').replace(/\{%.*?%\}/g, '').slice(0, 60);
}
