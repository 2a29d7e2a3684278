// The segment builder: a tree of conditions that is counted while one types. Every edit can be undone, the
// keyboard reaches everything, and the focus stays where it was through every redraw.
import { ask, fill, h, icon, json, latest, number } from './dom.js';
import { Editors } from './editors.js';
import { Panel } from './panel.js';
import { Subjects } from './subjects.js';
import * as tree from './tree.js';

const page = json('segment-page');
const texts = json('segment-texts');
const schema = json('segment-schema');
const $ = (name) => document.querySelector(`[data-sb="${name}"]`);

const history = new tree.History(tree.read(json('segment-rule')));
const subjects = new Subjects(schema, texts);
const counts = new Map();
const errors = new Map();
let places = new Map();
let clean = JSON.stringify(written().rule);

const editors = new Editors({
  schema, subjects, texts, units: page.units, urls: page.urls,
  set(node, part, change, redraw = true) {
    edit(() => change(node.rule), { run: part.endsWith('!') ? '' : `${node.id}:${part}`, redraw });
  },
});
const panel = new Panel({ texts, urls: page.urls, slug: page.slug, rule: () => written().rule });

function written() {
  return tree.write(history.root, (node) => subjects.finished(node));
}

/** Change the tree as one step; `focus` names the input to go to afterwards. */
function edit(change, { run = '', redraw = true, focus = '' } = {}) {
  const result = history.change(change, run);
  errors.clear();
  if (redraw) draw(typeof focus === 'function' ? focus(result) : focus);
  else marks();
  buttons();
  count();
}

// Counting ------------------------------------------------------------------------------------------------
const count = latest(async (signal) => {
  panel.counting();
  const made = written();
  places = made.places;
  const answer = await ask(page.urls.preview, { rule: made.rule, slug: page.slug }, signal);
  counts.clear();
  errors.clear();
  if (answer.ok) {
    for (const { path, size } of answer.body.conditions) if (places.has(path)) counts.set(places.get(path), size);
    called(answer.body.names);
    panel.show(answer.body);
  } else {
    fault(answer.body);
  }
  marks();
}, 250);

/** Write the names of categories, products and campaigns instead of their keys. */
function called(names) {
  for (const [value, name] of Object.entries(names)) editors.names.set(value, name);
  for (const place of document.querySelectorAll('[data-name]')) {
    const name = names[place.dataset.name];
    if (name && place.textContent !== name) Object.assign(place, { textContent: name, title: place.dataset.name });
  }
}

/** Show what the server says at the condition it is about, or beside the count when it is about all of it. */
function fault(problem) {
  const message = problem?.message || problem?.detail || texts.failed;
  let path = problem?.path || '';
  while (path && !places.has(path)) path = path.replace(/(\.[^.[]*|\[\d+\]|[^.[\]]+)$/, '');
  const id = places.get(path);
  if (path && id && id !== history.root.id) errors.set(id, message);
  panel.problem(message);
}

/** Write counts and errors beside the conditions without a redraw. */
function marks() {
  for (const place of document.querySelectorAll('[data-count]')) {
    const size = counts.get(place.dataset.count);
    const found = tree.find(history.root, place.dataset.count);
    const unfinished = found?.node.kind === 'leaf' && !subjects.finished(found.node);
    place.textContent = unfinished ? texts.unfinished : size === undefined ? '' : number(size);
    place.classList.toggle('is-unfinished', unfinished);
    place.title = unfinished || size === undefined ? '' : fill(texts.fitThis, { n: number(size) });
  }
  for (const place of document.querySelectorAll('[data-error]')) {
    const message = errors.get(place.dataset.error) || '';
    if (place.textContent !== message) place.textContent = message;
    place.closest('.sb-leaf, .sb-group')?.classList.toggle('is-wrong', Boolean(message));
  }
}

// Drawing -------------------------------------------------------------------------------------------------
function draw(focus = '') {
  const active = document.activeElement;
  const key = focus || active?.dataset?.key || '';
  const selection = !focus && active && 'selectionStart' in active ? safely(() => [active.selectionStart, active.selectionEnd]) : null;
  const scroll = [window.scrollX, window.scrollY];
  $('tree').replaceChildren(groupBox(history.root, 0));
  if (key) {
    const next = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (next) {
      next.focus({ preventScroll: !focus });
      if (selection && selection[0] !== null) safely(() => next.setSelectionRange(...selection));
    }
  }
  if (!focus) window.scrollTo(...scroll);
  else document.activeElement?.scrollIntoView({ block: 'nearest' });
  marks();
}

function safely(work) {
  try {
    return work();
  } catch {
    return null; // number fields have no selection
  }
}

const WORDS = [['all', true, false], ['any', false, false], ['none', false, true], ['notall', true, true]];

function groupBox(node, depth) {
  const root = depth === 0;
  const word = WORDS.find(([, every, not]) => every === node.every && not === node.not)[0];
  const label = fill(texts.groupName, { n: depth + 1 });
  const choose = h('select', {
    'data-key': `${node.id}:word`, 'aria-label': texts.match,
    onchange: (event) => edit(() => {
      const [, every, not] = WORDS.find(([name]) => name === event.target.value);
      Object.assign(node, { every, not });
    }, { run: `${node.id}:word` }),
  }, WORDS.map(([name]) => h('option', { value: name, selected: name === word }, texts.words[name])));
  return h('div', { class: `sb-group${root ? ' is-root' : ''}`, role: 'group', 'aria-label': label, 'data-node': node.id },
    h('div', { class: 'sb-head' },
      h('span', {}, texts.match), choose,
      h('span', { class: 'sb-side' }, h('span', { class: 'sb-count st-num', 'data-count': node.id }), root ? null : tools(node))),
    h('p', { class: 'sb-error', role: 'alert', 'data-error': node.id }),
    node.nodes.length ? null : h('p', { class: 'st-mute sb-empty' }, root ? texts.everyoneFits : texts.emptyGroup),
    node.nodes.map((child, index) => [
      index ? h('div', { class: 'sb-word' }, node.every ? texts.joinAll : texts.joinAny) : null,
      child.kind === 'group' ? groupBox(child, depth + 1) : leafBox(child),
    ]),
    h('div', { class: 'sb-add' },
      h('button', { type: 'button', class: 'st-btn sm', 'data-key': `${node.id}:add`, onclick: () => add(node) }, icon('add'), texts.addCondition),
      depth + 2 < schema.limits.depth
        ? h('button', { type: 'button', class: 'st-btn sm sb-quiet', 'data-key': `${node.id}:addGroup`, onclick: () => addGroup(node) }, icon('account_tree'), texts.addGroup)
        : null));
}

function leafBox(node) {
  const value = subjects.of(node.rule);
  const label = subjects.names.get(value) || value;
  const errorId = `error-${node.id}`;
  const subject = h('select', {
    class: 'sb-subject', 'data-key': `${node.id}:subject`, 'aria-label': texts.about, 'aria-describedby': errorId,
    onchange: (event) => edit(() => {
      node.rule = subjects.begin(event.target.value);
    }, { run: `${node.id}:subject` }),
  },
  subjects.names.has(value) ? null : h('option', { value, selected: true }, label),
  subjects.groups.map((group) => h('optgroup', { label: group.label }, group.items.map((item) => h('option', { value: item.value, selected: item.value === value }, item.label)))));
  return h('div', { class: 'sb-leaf', role: 'group', 'aria-label': label, 'data-node': node.id, onkeydown: (event) => keys(event, node) },
    h('div', { class: 'sb-parts' },
      node.not && !('segment' in node.rule)
        ? h('button', { type: 'button', class: 'sb-not', 'data-key': `${node.id}:not`, title: texts.notHint, onclick: () => edit(() => { node.not = false; }, { focus: `${node.id}:subject` }) }, texts.not, icon('close'))
        : null,
      subject, editors.of(node)),
    h('span', { class: 'sb-side' }, h('span', { class: 'sb-count st-num', 'data-count': node.id }), tools(node)),
    h('p', { class: 'sb-error', role: 'alert', id: errorId, 'data-error': node.id }));
}

/** The buttons at the end of a condition or group: what is seldom used stands behind the dots. */
function tools(node) {
  const { parent, index } = tree.find(history.root, node.id);
  const group = node.kind === 'group';
  const nested = parent !== history.root;
  const item = (name, symbol, work, shown = true) => shown && h('button', { type: 'button', 'data-key': `${node.id}:${name}`, onclick: work }, icon(symbol), texts[name]);
  const stay = { focus: `${node.id}:dots` };
  const menu = h('details', {
    class: 'sb-menu',
    onkeydown: (event) => {
      if (event.key !== 'Escape' || !event.currentTarget.open) return;
      event.currentTarget.open = false;
      event.currentTarget.firstChild.focus();
    },
    onfocusout: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false; },
  },
  h('summary', { 'aria-label': texts.actions, 'data-key': `${node.id}:dots`, class: 'sb-icon' }, icon('more_vert')),
  h('div', {},
    item('moveUp', 'arrow_upward', () => edit((root) => tree.move(root, node.id, -1), stay), index > 0 || nested),
    item('moveDown', 'arrow_downward', () => edit((root) => tree.move(root, node.id, 1), stay), index < parent.nodes.length - 1 || nested),
    item('moveOut', 'format_indent_decrease', () => edit((root) => tree.moveOut(root, node.id), stay), nested),
    item('nest', 'account_tree', () => edit((root) => tree.nest(root, node.id), { focus: (made) => `${made.id}:add` }), tree.depth(history.root) < schema.limits.depth),
    item('unnest', 'layers_clear', () => edit((root) => tree.unnest(root, node.id), { focus: `${node.nodes?.[0]?.id}:${node.nodes?.[0]?.kind === 'group' ? 'word' : 'subject'}` }), group && node.nodes.length > 0),
    item('duplicate', 'content_copy', () => edit((root) => tree.duplicate(root, node.id), { focus: (made) => `${made.id}:${made.kind === 'group' ? 'word' : 'subject'}` })),
    item('turn', 'contrast', () => edit(() => { node.not = !node.not; }, stay), !group)));
  return [menu, h('button', { type: 'button', class: 'sb-icon', 'aria-label': group ? texts.removeGroup : texts.removeCondition, 'data-key': `${node.id}:remove`, onclick: () => drop(node) }, icon('close'))];
}

// Doing ---------------------------------------------------------------------------------------------------
function add(parent) {
  if (tree.leaves(history.root).length >= schema.limits.conditions) return;
  edit(() => {
    const made = tree.leaf(subjects.begin('field:profile.revenue'));
    parent.nodes.push(made);
    return made;
  }, { focus: (made) => `${made.id}:subject` });
}

function addGroup(parent) {
  edit(() => {
    const made = tree.group([tree.leaf(subjects.begin('field:profile.revenue'))], !parent.every);
    parent.nodes.push(made);
    return made;
  }, { focus: (made) => `${made.nodes[0].id}:subject` });
}

function drop(node) {
  const { parent, index } = tree.find(history.root, node.id);
  edit((root) => tree.remove(root, node.id), {
    focus: () => {
      const next = parent.nodes[Math.min(index, parent.nodes.length - 1)];
      return next ? `${next.id}:${next.kind === 'group' ? 'word' : 'subject'}` : `${parent.id}:add`;
    },
  });
}

/** Alt with the arrows moves a condition without leaving it. */
function keys(event, node) {
  if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
  event.preventDefault();
  edit((root) => tree.move(root, node.id, event.key === 'ArrowUp' ? -1 : 1), { focus: document.activeElement?.dataset.key });
}

function step(which) {
  if (!history[which]()) return;
  draw();
  if (!document.activeElement || document.activeElement === document.body) $(which).focus();
  say(texts[which === 'undo' ? 'undone' : 'redone']);
  buttons();
  count();
}

function buttons() {
  for (const which of ['undo', 'redo']) {
    const button = $(which);
    const idle = !history[which === 'undo' ? 'past' : 'future'].length;
    // It stays in the order of the keyboard, or the focus would be lost on the last step.
    button.setAttribute('aria-disabled', String(idle));
  }
}

function say(message) {
  $('said').textContent = message;
}

function use(rule, message) {
  edit((root) => {
    const read = tree.read(rule);
    Object.assign(root, { every: read.every, not: read.not, nodes: read.nodes });
  });
  say(message);
}

// A sentence, a template ------------------------------------------------------------------------------------
async function draft(event) {
  event.preventDefault();
  const sentence = $('sentence').value.trim();
  const note = $('drafted');
  if (!sentence) return;
  const answer = await ask(page.urls.draft, { sentence });
  if (!answer.ok) {
    note.replaceChildren(h('p', { class: 'sb-error' }, answer.body?.detail || texts.failed));
    return;
  }
  const { rule, understood, unclear } = answer.body;
  const parts = [];
  if (understood.length) {
    const more = history.root.nodes.length > 0;
    if (more && $('drafting').elements.how?.value === 'add') {
      edit((root) => root.nodes.push(...tree.read(rule).nodes.length ? [tree.read(rule)] : []));
      say(texts.drafted);
    } else use(rule, texts.drafted);
    parts.push(h('p', {}, icon('check'), texts.drafted));
  }
  if (unclear.length) parts.push(h('p', { class: 'sb-unclear' }, icon('help'), texts.notUnderstood, ' ', unclear.map((words, i) => [i ? texts.comma : '', h('q', {}, words)])));
  if (!parts.length) parts.push(h('p', { class: 'sb-unclear' }, icon('help'), texts.nothingUnderstood));
  note.replaceChildren(...parts);
}

// Saving ----------------------------------------------------------------------------------------------------
async function save(once) {
  const unfinished = tree.leaves(history.root).find((node) => !subjects.finished(node));
  if (unfinished) {
    errors.set(unfinished.id, texts.finishFirst);
    marks();
    document.querySelector(`[data-key="${CSS.escape(unfinished.id)}:subject"]`)?.focus();
    return;
  }
  const made = written();
  places = made.places;
  const body = { rule: made.rule, name: $('name').value, description: $('description').value, version: page.version };
  const answer = await ask(once ? page.urls.once : page.urls.save, body);
  if (answer.ok) {
    clean = JSON.stringify(made.rule);
    window.removeEventListener('beforeunload', leaving);
    window.location.assign(answer.body.url);
    return;
  }
  const problem = answer.body || {};
  $('nameError').textContent = problem.field === 'name' ? problem.message : '';
  if (problem.field === 'name') {
    $('name').setAttribute('aria-invalid', 'true');
    $('name').focus();
  } else {
    fault(problem);
    marks();
  }
  say(problem.message || texts.failed);
}

function leaving(event) {
  if (JSON.stringify(written().rule) !== clean) event.preventDefault();
}

$('undo').addEventListener('click', () => step('undo'));
$('redo').addEventListener('click', () => step('redo'));
$('save')?.addEventListener('click', () => save(false));
$('once')?.addEventListener('click', () => save(true));
$('name').addEventListener('input', (event) => {
  event.target.removeAttribute('aria-invalid');
  $('nameError').textContent = '';
});
$('drafting').addEventListener('submit', draft);
for (const button of document.querySelectorAll('[data-template]')) {
  button.addEventListener('click', () => {
    const chosen = page.templates[Number(button.dataset.template)];
    use(chosen.rule, fill(texts.templateUsed, { name: chosen.name }));
    if (!$('name').value) $('name').value = chosen.name;
    $('templates').open = false;
    $('templates').querySelector('summary').focus();
  });
}
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const outside = event.target.matches('[data-sb=name], [data-sb=description], [data-sb=sentence], [data-sb=person]');
  if (outside || (key !== 'z' && key !== 'y')) return;
  event.preventDefault();
  step(key === 'y' || event.shiftKey ? 'redo' : 'undo');
});
window.addEventListener('beforeunload', leaving);

draw();
buttons();
count();
