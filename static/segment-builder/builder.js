// The segment builder: a tree of conditions that is counted while one types. Every edit can be undone, the
// keyboard reaches everything, and the focus stays where it was through every redraw.
import { Boxes } from './boxes.js';
import { ask, fill, json, latest, number, part, problem } from './dom.js';
import { Drafting } from './drafting.js';
import { Kit } from './editors/index.js';
import { Panel } from './panel.js';
import { Saving } from './saving.js';
import { Subjects } from './subjects.js';
import * as tree from './tree.js';

const page = json('segment-page');
const texts = json('segment-texts');
const schema = json('segment-schema');

const history = new tree.History(tree.read(json('segment-rule')));
const subjects = new Subjects(schema, texts);
const counts = new Map();
const errors = new Map();
let places = new Map();
let drawing = false;

const root = () => history.root;
const kit = new Kit({
  schema, subjects, texts, units: page.units, urls: page.urls,
  set(node, changed, change, redraw = true) {
    edit(() => change(node.rule, node), { run: changed.endsWith('!') ? '' : `${node.id}:${changed}`, redraw });
  },
});
const boxes = new Boxes({ kit, texts, limits: schema.limits, edit, root });
const panel = new Panel({ texts, urls: page.urls, slug: page.slug, rule: () => written().rule });

/** The rule as the server reads it, without what is not finished; `places` says which node stands where. */
function written() {
  const made = tree.write(root(), (node) => subjects.finished(node));
  ({ places } = made);
  return made;
}

/** Change the tree as one step; `focus` names the input to go to afterwards. */
function edit(change, { run = '', redraw = true, focus = '' } = {}) {
  // An input that goes in a redraw may still want to give what stands in it.
  if (drawing) return;
  // Who has begun needs no beginnings.
  if (!history.past.length) part('templates').open = false;
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
  const { rule } = written();
  const answer = await ask(page.urls.preview, { rule, slug: page.slug }, signal);
  counts.clear();
  errors.clear();
  if (answer.ok) {
    for (const { path, size } of answer.body.conditions) if (places.has(path)) counts.set(places.get(path), size);
    called(answer.body.names);
    panel.show(answer.body);
  } else {
    fault(answer);
  }
  marks();
}, 250);

/** Write the names of categories, products and campaigns instead of their keys. */
function called(names) {
  for (const [value, name] of Object.entries(names)) kit.names.set(value, name);
  for (const place of document.querySelectorAll('[data-name]')) {
    const name = names[place.dataset.name];
    if (name && place.textContent !== name) Object.assign(place, { textContent: name, title: place.dataset.name });
  }
}

/** Show what the server says at the condition it is about, and beside the count. */
function fault(answer) {
  const message = problem(answer, texts);
  let path = answer.body?.path || '';
  while (path && !places.has(path)) path = path.replace(/(\.[^.[]*|\[\d+\]|[^.[\]]+)$/, '');
  const id = places.get(path);
  if (path && id && id !== root().id) errors.set(id, message);
  panel.problem(message, answer.status === 401 ? page.urls.login : '');
  marks();
}

/** Say at a condition that it must be finished first, and go there. */
function refuse(node) {
  errors.set(node.id, texts.finishFirst);
  marks();
  document.querySelector(`[data-key="${CSS.escape(node.id)}:subject"]`)?.focus();
}

/** Write counts and errors beside the conditions without a redraw. */
function marks() {
  for (const place of document.querySelectorAll('[data-count]')) {
    const size = counts.get(place.dataset.count);
    const found = tree.find(root(), place.dataset.count);
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
  drawing = true;
  part('tree').replaceChildren(boxes.group(root()));
  drawing = false;
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

// Undo ----------------------------------------------------------------------------------------------------
function step(which) {
  if (!history[which]()) return;
  errors.clear();
  draw();
  if (!document.activeElement || document.activeElement === document.body) part(which).focus();
  say(texts[which === 'undo' ? 'undone' : 'redone']);
  buttons();
  count();
}

function buttons() {
  // They stay in the order of the keyboard, or the focus would be lost on the last step.
  part('undo').setAttribute('aria-disabled', String(!history.past.length));
  part('redo').setAttribute('aria-disabled', String(!history.future.length));
}

function say(message) {
  part('said').textContent = message;
}

for (const which of ['undo', 'redo']) part(which).addEventListener('click', () => step(which));
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const outside = event.target.matches('[data-sb=name], [data-sb=description], [data-sb=sentence], [data-sb=person]');
  if (outside || (key !== 'z' && key !== 'y')) return;
  event.preventDefault();
  step(key === 'y' || event.shiftKey ? 'redo' : 'undo');
});

new Drafting({ texts, page, edit, say });
new Saving({ texts, page, subjects, root, written, refuse, fault, say });
draw();
buttons();
count();
