// A rule as the builder holds it. Every node has an id that lives as long as the node does, so that focus,
// counts and errors find it again wherever it was moved to.
//
//   group: { id, kind: 'group', every: bool, not: bool, nodes: [node] }
//   leaf:  { id, kind: 'leaf', rule: {…}, not: bool, of: group | null }
//
// `of` are the conditions among whose people “the top 100” are found: a tree within the leaf. A single segment
// stays in the rule itself.

let last = 0;
export const newId = () => `n${++last}`;

export const leaf = (rule, not = false, of = null) => ({ id: newId(), kind: 'leaf', rule, not, of });
export const group = (nodes = [], every = true, not = false) => ({ id: newId(), kind: 'group', every, not, nodes });

/** Read a rule as it is stored. The root is always a group. */
export function read(rule) {
  const node = readNode(rule || { all: [] });
  return node.kind === 'group' ? node : group([node]);
}

function readNode(rule) {
  if (Array.isArray(rule.all)) return group(rule.all.map(readNode), true);
  if (Array.isArray(rule.any)) return group(rule.any.map(readNode), false);
  if (rule.not) {
    const node = readNode(rule.not);
    if (node.not) return group([node], true, true);
    return { ...node, not: true };
  }
  return readLeaf(structuredClone(rule));
}

function readLeaf(rule) {
  if (!rule.top?.of || 'segment' in rule.top.of) return leaf(rule);
  const { of, ...top } = rule.top;
  return leaf({ top }, false, read(of));
}

/**
 * Write the rule for the server, leaving out what `finished` says is not finished yet.
 * `places` says which node stands at which path of the rule, so that counts and errors find their node.
 */
export function write(root, finished = () => true) {
  const places = new Map();
  const visit = (node, path) => {
    const negated = node.not ? `${path ? path + '.' : ''}not` : path;
    let written;
    if (node.kind === 'leaf') {
      if (!finished(node)) return null;
      written = structuredClone(node.rule);
      const of = node.of && visit(node.of, `${negated ? negated + '.' : ''}top.of`);
      if (of) written.top.of = of;
    } else {
      const key = node.every ? 'all' : 'any';
      const stem = `${negated ? negated + '.' : ''}${key}`;
      const nodes = [];
      for (const child of node.nodes) {
        const made = visit(child, `${stem}[${nodes.length}]`);
        if (made) nodes.push(made);
      }
      // An empty "any" fits nobody, and an unfinished group says nothing yet.
      if (!nodes.length && node !== root) return null;
      written = nodes.length ? { [key]: nodes } : { all: [] };
      if (!nodes.length) return written;
    }
    places.set(path, node.id);
    places.set(negated, node.id);
    return node.not ? { not: written } : written;
  };
  return { rule: visit(root, ''), places };
}

/** Return { node, parent, index } of a node, or null. The outermost group, also that within a leaf, has no parent. */
export function find(root, id, parent = null, index = 0) {
  if (root.id === id) return { node: root, parent, index };
  for (const [i, child] of (root.nodes || []).entries()) {
    const found = find(child, id, root, i);
    if (found) return found;
  }
  return root.of ? find(root.of, id) : null;
}

export function walk(root, visit, depth = 0) {
  visit(root, depth);
  for (const child of inside(root)) walk(child, visit, depth + 1);
}

const inside = (node) => node.nodes || (node.of ? [node.of] : []);

export const leaves = (root) => {
  const found = [];
  walk(root, (node) => node.kind === 'leaf' && found.push(node));
  return found;
};

export const depth = (root) => {
  let deepest = 0;
  walk(root, (_node, level) => { deepest = Math.max(deepest, level + 1); });
  return deepest;
};

export function remove(root, id) {
  const { parent, index } = find(root, id);
  parent.nodes.splice(index, 1);
}

/** Move a node past a neighbour; at the edge of its group it moves out beside the group. Say whether it did. */
export function move(root, id, step) {
  const { node, parent, index } = find(root, id);
  const to = index + step;
  if (to >= 0 && to < parent.nodes.length) {
    parent.nodes.splice(index, 1);
    parent.nodes.splice(to, 0, node);
    return true;
  }
  return moveOut(root, id, step > 0);
}

export function moveOut(root, id, after = true) {
  const { node, parent, index } = find(root, id);
  const outer = find(root, parent.id);
  if (!outer.parent) return false;
  parent.nodes.splice(index, 1);
  outer.parent.nodes.splice(outer.index + (after ? 1 : 0), 0, node);
  if (!parent.nodes.length) remove(root, parent.id);
  return true;
}

/** Put a node into a group of its own, ready for a second condition. */
export function nest(root, id) {
  const { node, parent, index } = find(root, id);
  const made = group([node], !parent.every);
  parent.nodes[index] = made;
  return made;
}

/** Dissolve a group into the one around it. */
export function unnest(root, id) {
  const { node, parent, index } = find(root, id);
  parent.nodes.splice(index, 1, ...node.nodes);
}

export function duplicate(root, id) {
  const { node, parent, index } = find(root, id);
  const fresh = (one) => ({ ...structuredClone(one), id: newId(), ...(one.nodes && { nodes: one.nodes.map(fresh) }), ...(one.of && { of: fresh(one.of) }) });
  const made = fresh(node);
  parent.nodes.splice(index + 1, 0, made);
  return made;
}

/** What was, what is, what was undone. Typing in one field is one step, however many keys it took. */
export class History {
  constructor(root) {
    this.past = [];
    this.future = [];
    this.root = root;
    this.last = '';
  }

  /** Change the tree by `edit(root)`. Edits with the same `run` key, one after the other, are one step. */
  change(edit, run = '') {
    if (!run || run !== this.last) this.past.push(structuredClone(this.root));
    if (this.past.length > 200) this.past.shift();
    this.last = run;
    this.future = [];
    return edit(this.root);
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.root);
    this.root = this.past.pop();
    this.last = '';
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.root);
    this.root = this.future.pop();
    this.last = '';
    return true;
  }
}
