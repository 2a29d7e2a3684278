// The message as the editor holds it: JSON as it is stored, found by the ids of its blocks, with undo.

const LISTS = ['blocks', 'otherwise'];

/** The lists of blocks within a block: [{ name, label index, list }]. */
export function listsOf(block) {
  const found = LISTS.filter((name) => Array.isArray(block[name])).map((name) => ({ name, list: block[name] }));
  return found.concat((block.columns || []).map((list, index) => ({ name: 'columns', index, list })));
}

export function find(blocks, id, parent = null) {
  for (const [index, block] of blocks.entries()) {
    if (block.id === id) return { block, list: blocks, index, parent };
    for (const { list } of listsOf(block)) {
      const found = find(list, id, block);
      if (found) return found;
    }
  }
  return null;
}

export function walk(blocks, visit, depth = 0, parent = null) {
  blocks.forEach((block) => {
    visit(block, depth, parent);
    listsOf(block).forEach(({ list }) => walk(list, visit, depth + 1, block));
  });
}

export class State {
  constructor(draft) {
    this.draft = { locale: 'en', subject: '', preheader: '', blocks: [], translations: {}, ...structuredClone(draft) };
    this.past = [];
    this.future = [];
    this.run = '';
  }

  /** Change the draft as one step; changes of one `run` (typing in one field) are one step together. */
  change(work, run = '') {
    const before = JSON.stringify(this.draft);
    const result = work(this.draft);
    if (JSON.stringify(this.draft) === before) return result;
    if (!run || run !== this.run) this.past.push(before);
    if (this.past.length > 200) this.past.shift();
    this.run = run;
    this.future = [];
    return result;
  }

  undo() { return this.step(this.past, this.future); }

  redo() { return this.step(this.future, this.past); }

  step(from, to) {
    if (!from.length) return false;
    to.push(JSON.stringify(this.draft));
    this.draft = JSON.parse(from.pop());
    this.run = '';
    return true;
  }

  find(id) { return find(this.draft.blocks, id); }

  newId() {
    const taken = new Set();
    walk(this.draft.blocks, (block) => taken.add(block.id));
    let number = 1;
    while (taken.has(`b${number}`)) number += 1;
    return `b${number}`;
  }

  add(kind, values, list, index) {
    const block = { kind, id: this.newId(), ...structuredClone(values) };
    list.splice(index, 0, block);
    return block;
  }

  duplicate(id) {
    const { block, list, index } = this.find(id);
    const copy = structuredClone(block);
    list.splice(index + 1, 0, copy);
    copy.id = '';
    listsOf(copy).forEach(({ list: inner }) => walk(inner, (one) => { one.id = ''; }));
    walk([copy], (one) => { one.id = this.newId(); });
    return copy;
  }

  remove(id) {
    const { block, list, index } = this.find(id);
    list.splice(index, 1);
    return { block, next: list[index] || list[index - 1] || null };
  }

  move(id, step) {
    const { block, list, index } = this.find(id);
    const to = index + step;
    if (to < 0 || to >= list.length) return null;
    list.splice(index, 1);
    list.splice(to, 0, block);
    return { place: to + 1, count: list.length };
  }

  /** Put a block before another one (or last, without one) of a list. */
  place(id, list, before) {
    const from = this.find(id);
    if (!from || before === id) return false;
    from.list.splice(from.index, 1);
    const index = before ? list.findIndex((one) => one.id === before) : list.length;
    list.splice(index < 0 ? list.length : index, 0, from.block);
    return true;
  }
}
