// The editor of messages: blocks on the left, the message as somebody would get it, settings on the right.
import { ask, fill, h, icon, json, latest, number } from '../segment-builder/dom.js';
import { List } from './list.js';
import { Saving } from './saving.js';
import { Settings } from './settings.js';
import { State } from './state.js';

const page = json('editor-page');
const texts = json('editor-texts');
const schema = json('editor-schema');
const state = new State(json('editor-draft'));
const $ = (name) => document.querySelector(`[data-ce="${name}"]`);
const may = page.mayChange;

let selected = state.draft.blocks.length === 1 ? state.draft.blocks[0].id : '';
let locale = ''; // a translation that is being written
let problems = new Map(); // by block
let errors = new Map(); // by block and member
let customer = 'known';
let dark = false;
let version = page.version;
let ahead = page.ahead;

const say = (text) => { $('said').textContent = text; };

const list = new List({
  place: $('blocks'), texts, schema, may,
  on: {
    choose(id) { selected = id; draw(); point(); },
    move(id, step) {
      const found = edit(() => state.move(id, step));
      if (found) say(fill(texts.moved, { name: nameOf(id), ...found }));
      focus(`block:${id}`);
    },
    duplicate(id) {
      const copy = edit(() => state.duplicate(id));
      selected = copy.id;
      draw();
      focus(`block:${copy.id}`);
    },
    remove(id) {
      const name = nameOf(id);
      const { next } = edit(() => state.remove(id));
      selected = next?.id || '';
      draw();
      say(fill(texts.removed, { name }));
      if (next) focus(`block:${next.id}`);
      else $('add').focus();
    },
    place(id, target, before, parent, name) {
      const { block } = state.find(id);
      const allowed = !parent ? parentAllows(target, block.kind) : within(parent).includes(block.kind);
      if (!allowed) return;
      edit(() => {
        let into = target;
        if (parent && name !== 'columns' && !parent[name]) { parent[name] = []; into = parent[name]; }
        return state.place(id, into, before);
      });
      focus(`block:${id}`);
    },
    palette(button, block, name, index) { openPalette(button, block, name, index); },
  },
});

function within(parent) {
  return parent.kind === 'columns' ? schema.inColumns : schema.inConditions;
}

function parentAllows(target, kind) {
  if (target === state.draft.blocks) return true;
  const owner = ownerOf(target);
  return owner ? within(owner).includes(kind) : false;
}

function ownerOf(target) {
  for (const block of state.draft.blocks) {
    for (const inner of [block.blocks, block.otherwise, ...(block.columns || [])]) if (inner === target) return block;
    for (const inner of [block.blocks, block.otherwise]) {
      for (const deep of inner || []) if ((deep.columns || []).includes(target)) return deep;
    }
  }
  return null;
}

const settings = new Settings({
  place: $('settings'), texts, schema, may, urls: page.urls,
  set(id, name, value, redraw) {
    edit((draft) => {
      if (locale) {
        const said = draft.translations[locale];
        said.blocks ??= {};
        said.blocks[id] = { ...said.blocks[id], [name]: value };
        if (value === '') delete said.blocks[id][name];
      } else {
        const { block } = state.find(id);
        if (value === null && name === 'only') delete block.only;
        else block[name] = value;
      }
    }, { run: `${locale}:${id}.${name}`, redraw });
  },
});

const saving = new Saving({
  url: page.urls.draft, revision: page.revision, draft: () => state.draft,
  on(what, message) {
    const pill = $('saved');
    pill.dataset.state = what;
    const words = { waiting: texts.notSaved, saving: texts.saving, saved: texts.saved, conflict: texts.conflict, lost: message || texts.lost }[what];
    pill.replaceChildren(icon({ saved: 'check', conflict: 'sync_problem', lost: 'cloud_off' }[what] || 'more_horiz'), words);
    pill.hidden = false;
    if (what === 'conflict') conflict();
  },
});

function nameOf(id) {
  const found = state.find(id);
  return found ? schema.kinds[found.block.kind]?.title || '' : '';
}

/** Change the draft as one step, and show it. */
function edit(work, { run = '', redraw = true } = {}) {
  if (!may) return null;
  const result = state.change(work, run);
  ahead = true;
  if (redraw) draw();
  else drawList();
  saving.touch();
  look();
  return result;
}

// Drawing -------------------------------------------------------------------------------------------------
function draw() {
  const key = document.activeElement?.dataset?.key;
  const selection = key && safely(() => [document.activeElement.selectionStart, document.activeElement.selectionEnd]);
  if (selected && !state.find(selected)) selected = '';
  drawList();
  drawLines();
  drawSettings();
  drawButtons();
  if (key) {
    const next = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (next && next !== document.activeElement) {
      next.focus({ preventScroll: true });
      if (selection && selection[0] !== null) safely(() => next.setSelectionRange(...selection));
    }
  }
}

function drawList() {
  const key = document.activeElement?.closest('[data-ce=blocks]') && document.activeElement.dataset.key;
  list.draw(state.draft, selected, problems);
  if (key) focus(key);
}

function drawSettings() {
  const found = selected && state.find(selected);
  settings.draw(found ? found.block : null, { locale, translation: locale ? state.draft.translations[locale]?.blocks?.[selected] : null, errors });
  const block = found?.block;
  if (block?.kind === 'columns' && may && !locale) {
    const three = block.columns.length === 3;
    $('settings').append(h('button', {
      type: 'button', class: 'st-btn sm', 'data-key': `${block.id}.third`,
      onclick: () => edit(() => (three ? block.columns.pop() : block.columns.push([]))),
    }, three ? texts.removeColumn : texts.addColumn));
  }
}

function drawLines() {
  for (const name of ['subject', 'preheader']) {
    const input = $(name);
    if (!input) continue;
    const own = locale ? state.draft.translations[locale]?.[name] ?? '' : state.draft[name];
    if (input.value !== own) input.value = own;
    input.placeholder = locale ? state.draft[name] : input.dataset.placeholder;
  }
  const choose = $('locale');
  const known = [state.draft.locale, ...Object.keys(state.draft.translations)];
  choose.replaceChildren(
    ...known.map((name, index) => h('option', { value: index ? name : '', selected: (index ? name : '') === locale }, schema.locales[name] || name)),
    ...(may ? [h('optgroup', { label: texts.addLanguage || '+' }, Object.entries(schema.locales).filter(([name]) => !known.includes(name)).map(([name, label]) => h('option', { value: `+${name}` }, `+ ${label}`)))] : []));
  $('removeLocale').hidden = !locale || !may;
}

function drawButtons() {
  if ($('add')) $('add').hidden = state.draft.blocks.some((block) => schema.alone.includes(block.kind));
  $('undo')?.toggleAttribute('disabled', !state.past.length);
  $('redo')?.toggleAttribute('disabled', !state.future.length);
  if ($('version')) $('version').textContent = version ? `v${version}${ahead ? '+' : ''}` : '';
}

function focus(key) {
  document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function safely(work) {
  try { return work(); } catch { return null; }
}

// The preview ---------------------------------------------------------------------------------------------
const look = latest(async (signal) => {
  const body = { draft: state.draft, customer, dark, locale: locale || '' };
  const answer = await ask(page.urls.preview, body, signal);
  problems = new Map();
  errors = new Map();
  const waiting = $('waiting');
  if (!answer.ok) {
    const message = answer.body?.message || texts.failed;
    const place = where(answer.body?.path || '');
    if (place.id) {
      problems.set(place.id, { level: 'wrong', message });
      if (place.member) errors.set(`${place.id}.${place.member}`, message);
    }
    waiting.textContent = fill(texts.mistake, { message });
    waiting.hidden = false;
    findings([{ level: 'wrong', message, block: place.id }]);
  } else {
    waiting.hidden = true;
    const found = answer.body;
    for (const one of found.findings) if (one.block && !problems.has(one.block)) problems.set(one.block, one);
    show(found);
    findings(found.findings);
  }
  drawList();
  mark();
}, 300);

/** The block and member of a path as the server says it: `#b3.text` or `blocks.2.url`. */
function where(path) {
  const named = path.match(/^#(\w+)\.?(\w*)/);
  if (named) return { id: named[1], member: named[2] };
  const parts = path.split('.');
  let at = state.draft;
  let block = null;
  let member = '';
  for (const part of parts) {
    at = at?.[part];
    if (at && typeof at === 'object' && 'kind' in at) { block = at; member = ''; } else if (block && !member) member = part;
  }
  return { id: block?.id || '', member };
}

/** Write the errors of the chosen block beside its fields without a redraw. */
function mark() {
  for (const input of $('settings').querySelectorAll('[data-key]')) {
    const message = errors.get(input.dataset.key);
    input.toggleAttribute('aria-invalid', Boolean(message));
    const label = input.closest('.ce-field');
    if (!label) continue;
    label.querySelector('.sb-error')?.remove();
    if (message) {
      const id = `ce-${input.dataset.key.replaceAll('.', '-')}-error`;
      label.append(h('small', { class: 'sb-error', id, role: 'alert' }, message));
      input.setAttribute('aria-describedby', id);
    }
  }
}

function show(found) {
  if ($('inboxSubject')) {
    $('inboxSubject').textContent = found.subject || '–';
    $('inboxPreheader').textContent = found.preheader;
  }
  if (found.frame) {
    frame(found.frame);
  } else if (page.channel === 'sms') {
    $('bubble').textContent = found.text;
    $('length').textContent = fill(texts.sms, { ...found.length, units: number(found.length.units) });
  } else {
    $('pushTitle').textContent = found.subject;
    $('pushText').textContent = found.text;
  }
}

// Two frames take turns, so that nothing flickers while one types.
const frames = [...document.querySelectorAll('[data-ce=frame]')];
let front = 0;
let address = '';
function frame(url) {
  const back = frames[1 - front];
  address = url;
  back.onload = () => {
    back.onload = null;
    back.classList.remove('is-back');
    back.removeAttribute('aria-hidden');
    back.tabIndex = 0;
    const old = frames[front];
    old.classList.add('is-back');
    old.setAttribute('aria-hidden', 'true');
    old.tabIndex = -1;
    front = 1 - front;
    document.documentElement.dataset.previewed = url;
  };
  back.src = selected ? `${url}#rp-${top(selected)}` : url;
}

function point() {
  if (address && selected) frames[front].src = `${address}#rp-${top(selected)}`;
}

/** The block at the top that holds this one. */
function top(id) {
  const inside = (block) => block.id === id || [block.blocks, block.otherwise, ...(block.columns || [])].some((inner) => (inner || []).some(inside));
  return state.draft.blocks.find(inside)?.id || id;
}

function findings(found) {
  const signs = { wrong: 'error', advice: 'warning', good: 'check' };
  $('findings').replaceChildren(...found.map((one) => h('li', { class: one.level },
    icon(signs[one.level]), h('span', { class: 'sr-only' }, `${texts[one.level]}: `),
    one.block && state.find(one.block)
      ? h('button', { type: 'button', class: 'ce-goto', onclick: () => { selected = one.block; draw(); point(); focus(`block:${one.block}`); } }, one.message)
      : h('span', {}, one.message))));
}

// Adding ---------------------------------------------------------------------------------------------------
function openPalette(button, parent = null, name = '', index = null) {
  const dialog = $('palette');
  const allowed = parent ? schema.palette.filter((kind) => within(parent).includes(kind)) : schema.palette;
  const search = $('search');
  const fillList = () => {
    const words = search.value.trim().toLowerCase();
    const shown = allowed.filter((kind) => schema.kinds[kind].title.toLowerCase().includes(words) || kind.includes(words));
    $('kinds').replaceChildren(...shown.map((kind) => h('button', {
      type: 'button', class: 'ce-kind', 'data-kind': kind,
      onclick: () => { dialog.close(); add(kind, parent, name, index); },
    }, icon(schema.kinds[kind].icon), schema.kinds[kind].title)));
  };
  search.value = '';
  search.oninput = fillList;
  search.onkeydown = (event) => {
    if (event.key === 'Enter') { event.preventDefault(); $('kinds').querySelector('button')?.click(); }
  };
  fillList();
  dialog.showModal();
  search.focus();
}

function add(kind, parent, name, index) {
  const block = edit((draft) => {
    const values = schema.presets[kind] || {};
    if (parent) {
      const owner = state.find(parent.id).block;
      if (name !== 'columns') owner[name] ??= [];
      const into = name === 'columns' ? owner.columns[index] : owner[name];
      return state.add(kind, values, into, into.length);
    }
    const place = selected ? draft.blocks.findIndex((one) => one.id === top(selected)) + 1 : draft.blocks.length;
    const foot = draft.blocks.findIndex((one) => one.kind === 'footer');
    return state.add(kind, values, draft.blocks, foot >= 0 && kind !== 'footer' ? Math.min(place || foot, foot) : place);
  });
  selected = block.id;
  draw();
  say(fill(texts.added, { name: schema.kinds[kind].title }));
  const first = $('settings').querySelector('input, textarea, select');
  if (first) first.focus();
  else focus(`block:${block.id}`);
}

// Whom one sees it as ----------------------------------------------------------------------------------------
const people = $('person');
if (people) {
  const results = $('people');
  const close = () => { results.replaceChildren(); people.setAttribute('aria-expanded', 'false'); };
  const choose = (who, name) => {
    customer = who;
    people.value = name;
    close();
    look();
  };
  const offer = (found, empty) => {
    const fixed = [['known', texts.knownPerson], ['stranger', texts.stranger]];
    const options = [...fixed.map(([who, name]) => [who, name, '']), ...found.map((one) => [one.id, one.name, one.customer])];
    results.replaceChildren(...options.map(([who, name, id]) => h('li', {}, h('button', { type: 'button', class: 'sb-person', onclick: () => { choose(who, name); people.focus(); close(); } }, h('b', {}, name), id && id !== name ? h('span', { class: 'st-mute st-small' }, id) : null))),
      ...(empty ? [h('li', { class: 'st-mute' }, texts.nobodyFound)] : []));
    people.setAttribute('aria-expanded', 'true');
  };
  const search = latest(async (signal) => {
    const words = people.value.trim();
    if (words.length < 2 || !page.urls.people) return offer([], false);
    const answer = await ask(`${page.urls.people}?q=${encodeURIComponent(words)}`, undefined, signal);
    return offer(answer.ok ? answer.body.results : [], answer.ok && !answer.body.results.length);
  }, 200);
  people.addEventListener('focus', () => { people.select(); });
  people.addEventListener('click', () => offer([], false));
  people.addEventListener('input', () => search());
  people.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') { event.preventDefault(); offer([], false); results.querySelector('button')?.focus(); }
    if (event.key === 'Escape') close();
  });
  results.addEventListener('keydown', (event) => {
    const all = [...results.querySelectorAll('button')];
    const at = all.indexOf(document.activeElement);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); (all[at + (event.key === 'ArrowDown' ? 1 : -1)] || people).focus(); }
    if (event.key === 'Escape') { people.focus(); close(); }
  });
  document.addEventListener('click', (event) => { if (!event.target.closest('.ce-who')) close(); });
  people.value = texts.knownPerson;
}

// Buttons ----------------------------------------------------------------------------------------------------
$('add')?.addEventListener('click', (event) => openPalette(event.currentTarget));
const back = (word, work) => () => {
  if (!work()) return;
  ahead = true;
  if (locale && !state.draft.translations[locale]) locale = '';
  draw();
  saving.touch();
  look();
  say(word);
};
const undo = back(texts.undone, () => state.undo());
const redo = back(texts.redone, () => state.redo());
$('undo')?.addEventListener('click', undo);
$('redo')?.addEventListener('click', redo);
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || !may) return;
  const key = event.key.toLowerCase();
  if (key === 's') { event.preventDefault(); save(); }
  if (key === 'z' && !event.shiftKey) { event.preventDefault(); undo(); }
  if (key === 'y' || (key === 'z' && event.shiftKey)) { event.preventDefault(); redo(); }
});

for (const name of ['subject', 'preheader']) {
  $(name)?.addEventListener('input', (event) => edit((draft) => {
    if (locale) draft.translations[locale][name] = event.target.value;
    else draft[name] = event.target.value;
  }, { run: `${locale}:${name}`, redraw: false }));
}

$('locale').addEventListener('change', (event) => {
  const chosen = event.target.value;
  if (chosen.startsWith('+')) {
    locale = chosen.slice(1);
    edit((draft) => { draft.translations[locale] = { blocks: {} }; });
  } else {
    locale = chosen;
    draw();
    look();
  }
});
$('removeLocale').addEventListener('click', () => {
  const gone = locale;
  locale = '';
  edit((draft) => { delete draft.translations[gone]; });
  $('locale').focus();
});

for (const button of document.querySelectorAll('[data-width]')) {
  button.addEventListener('click', () => {
    document.querySelectorAll('[data-width]').forEach((one) => one.setAttribute('aria-pressed', String(one === button)));
    $('stage').dataset.shown = button.dataset.width;
  });
}
$('dark')?.addEventListener('click', (event) => {
  dark = !dark;
  event.currentTarget.setAttribute('aria-pressed', String(dark));
  $('stage').classList.toggle('is-dark', dark);
  look();
});

// Name, versions, tests ----------------------------------------------------------------------------------------
$('name')?.addEventListener('change', async (event) => {
  const answer = await ask(page.urls.rename, { name: event.target.value }).catch(() => null);
  const error = $('nameError');
  error.textContent = answer?.ok ? '' : answer?.body?.message || texts.failed;
  event.target.toggleAttribute('aria-invalid', !answer?.ok);
  if (answer?.ok) event.target.value = answer.body.name;
});

/** Store a version; with `use` it becomes the content of the campaign one came from, and one is led back. */
async function save({ use = false } = {}) {
  const button = $(use ? 'use' : 'save');
  if (button.getAttribute('aria-busy')) return;
  button.setAttribute('aria-busy', 'true');
  try {
    await saving.flush();
    if (saving.stopped) return;
    const answer = await ask(page.urls.save, { draft: state.draft, revision: saving.revision, use });
    if (answer.ok) {
      version = answer.body.version;
      ahead = false;
      saving.settle(answer.body.revision);
      drawButtons();
      if (answer.body.url) { window.location.assign(answer.body.url); return; }
      tell(fill(texts.version, { number: version }), 'ok');
    } else if (answer.status === 409) {
      saving.stopped = true;
      saving.theirs = answer.body?.revision;
      conflict();
    } else {
      const place = where(answer.body?.path || '');
      tell(answer.body?.message || texts.failed, 'bad');
      if (place.id) { selected = place.id; draw(); focus(`${place.id}.${place.member}`); }
      if (answer.body?.path === 'subject') $('subject')?.focus();
    }
  } catch {
    tell(texts.failed, 'bad');
  } finally {
    button.removeAttribute('aria-busy');
  }
}
$('save')?.addEventListener('click', () => save());
$('use')?.addEventListener('click', () => save({ use: true }));

function tell(text, kind) {
  const place = $('told');
  place.className = `st-note ce-told ${kind}`;
  place.replaceChildren(icon(kind === 'ok' ? 'check_circle' : 'error'), h('div', {}, text));
  place.hidden = false;
}

const conflictBox = $('conflict');
function conflict() { if (!conflictBox.open) conflictBox.showModal(); }
$('theirs')?.addEventListener('click', () => { saving.stored = JSON.stringify(state.draft); location.reload(); });
$('mine')?.addEventListener('click', () => { conflictBox.close(); saving.insist(); });

const test = $('testing');
$('test')?.addEventListener('click', () => test.showModal());
$('testForm')?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const to = $('to');
  const error = $('testError');
  const button = event.submitter;
  button?.setAttribute('disabled', '');
  const answer = await ask(page.urls.test, { draft: state.draft, to: to.value, customer, locale }).catch(() => null);
  button?.removeAttribute('disabled');
  if (answer?.ok) {
    error.textContent = '';
    test.close();
    tell(fill(texts.sent, { to: to.value }), 'ok');
  } else {
    error.textContent = answer?.body?.message || texts.failed;
    to.focus();
  }
});
document.querySelectorAll('dialog [data-close]').forEach((button) => button.addEventListener('click', () => button.closest('dialog').close()));

window.addEventListener('beforeunload', (event) => {
  if (may && !saving.stopped && saving.dirty) event.preventDefault();
});
document.addEventListener('visibilitychange', () => { if (document.hidden && may) saving.flush(); });

draw();
look();
