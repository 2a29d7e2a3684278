// A step of the wizard: what is changed is saved by itself, and what follows from it is shown anew.
import { ask, evaluate, json, latest, values } from './form.js';
import { arms } from './arms.js';
import { finder } from './finder.js';

const page = json('plan-page');
const words = json('plan-words');
const form = document.getElementById('plan');
const state = document.querySelector('[data-plan=state]');
const live = document.querySelector('[data-plan=live]');
const conflict = document.querySelector('[data-plan=conflict]');

let changed = new Set();
let saving = null;
let blocked = false;

const say = (text, tone = '') => {
  state.textContent = text;
  state.className = `pw-state ${tone}`;
};

/** Put the server's sentences beside the fields that they are about. */
function faults(errors, asked) {
  for (const name of asked) mark(name, errors[name] || '');
  if (asked.includes('test')) {
    for (const place of document.querySelectorAll('[data-of-test], [data-error^=arm]')) place.textContent = '';
    for (const arm of document.querySelectorAll('[data-arm]')) arm.removeAttribute('aria-invalid');
    unsaid.clear();
  }
  for (const [name, message] of Object.entries(errors)) mark(name, message);
}

/** What is missing from arms that nobody has got to yet: said when they are left, or on the way on. */
const unsaid = new Map();

function mark(name, message) {
  const arm = /^arm\d+$/.test(name) ? form.querySelector(`[data-arm="${name.slice(3)}"]`) : null;
  unsaid.delete(name);
  if (message && arm && !arm.value.trim() && !arm.dataset.left) {
    unsaid.set(name, message);
    return;
  }
  if (message) arm?.setAttribute('aria-invalid', 'true');
  const place = document.querySelector(`[data-error="${name}"]`);
  if (place) place.textContent = message;
  for (const input of document.querySelectorAll(`[data-field="${name}"]`)) {
    if (message) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  }
}

/** Say what was held back about one arm, or about all. Returns the first of them. */
function speak(names = [...unsaid.keys()]) {
  let first = null;
  for (const name of names) {
    const message = unsaid.get(name);
    const arm = form.querySelector(`[data-arm="${name.slice(3)}"]`);
    if (!message || !arm) continue;
    arm.dataset.left = 'yes';
    mark(name, message);
    first ??= arm;
  }
  if (first) say(words.some, 'warn');
  return first;
}

/** Store what changed; one call at a time, and again for what changed during it. */
async function save({ keepalive = false } = {}) {
  if (saving) {
    await saving;
    return save({ keepalive });
  }
  if (!changed.size || blocked || !page.mayChange) return true;
  const names = [...changed];
  changed = new Set();
  say(words.saving);
  saving = ask(page.save, { version: page.version, fields: values(form, names) }, { method: 'PATCH', keepalive });
  const answer = await saving;
  saving = null;
  if (answer.ok) {
    page.version = answer.body.version;
    faults(answer.body.errors, names);
    const wrong = Object.keys(answer.body.errors).length;
    if (wrong && wrong === unsaid.size) say('');
    else say(wrong ? words.some : answer.body.saved, wrong ? 'warn' : 'ok');
    if (answer.body.name) document.querySelector('[data-plan=name]').textContent = answer.body.name;
    refresh();
    return !wrong;
  }
  if (answer.body?.errors) faults(answer.body.errors, names);
  if (answer.body?.conflict) stop(answer.body.message, names);
  else {
    for (const name of names) changed.add(name); // tried again with the next change
    say(answer.body?.message || { 0: words.failed, 401: words.signedOut, 403: words.notAllowed }[answer.status] || words.wrong, 'bad');
  }
  return false;
}

/** Somebody else was here: nothing is written over before a person decides. */
function stop(message, names) {
  blocked = true;
  for (const name of names) changed.add(name);
  say(message, 'bad');
  conflict.querySelector('p').textContent = message;
  conflict.hidden = false;
  conflict.querySelector('button').focus();
}

conflict?.querySelector('[data-plan=overwrite]')?.addEventListener('click', async () => {
  const answer = await ask(`${page.live}?version=1`, undefined, { method: 'GET' });
  if (!answer.ok) return;
  page.version = answer.body.version;
  blocked = false;
  conflict.hidden = true;
  save();
});

let looking = null;
const seen = new Map(); // as whom, and in which arm, the message is looked at
/** Ask for the live part anew; an answer that is overtaken is dropped. */
async function look() {
  if (!live) return;
  looking?.abort();
  looking = new AbortController();
  live.setAttribute('aria-busy', 'true');
  try {
    const dark = document.documentElement.classList.contains('dark') ? '1' : '0';
    const answer = await fetch(`${page.live}?${new URLSearchParams([['dark', dark], ...seen])}`, { signal: looking.signal, credentials: 'same-origin' });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const held = document.activeElement?.closest('[data-plan=live], [data-plan=seen]') ? document.activeElement.dataset.key : '';
    live.innerHTML = await answer.text();
    for (const part of live.querySelectorAll('[data-to]')) {
      document.querySelector(`[data-plan=${part.dataset.to}]`)?.replaceChildren(part);
    }
    if (held) document.querySelector(`[data-key="${held}"]`)?.focus();
    live.dispatchEvent(new CustomEvent('shown'));
  } catch (error) {
    if (error.name === 'AbortError') return;
  }
  live.removeAttribute('aria-busy');
}
const refresh = latest(() => look(), 120);

const soon = latest(() => save(), 600);
const now = latest(() => save(), 60);

function touched(event) {
  const input = event.target.closest('[data-field]');
  if (!input || !page.mayChange) return;
  changed.add(input.dataset.field);
  evaluate(form);
  if (event.type === 'change') now();
  else soon();
}

if (form) {
  arms(form, json('plan-arms'), words, (name) => { changed.add(name); evaluate(form); now(); });
  finder(form);
  evaluate(form);
  form.addEventListener('input', touched);
  form.addEventListener('change', touched);
  form.addEventListener('focusout', ({ target }) => {
    if (target.dataset.arm === undefined) return;
    target.dataset.left = 'yes';
    speak([`arm${target.dataset.arm}`]);
  });
  form.addEventListener('submit', (event) => { event.preventDefault(); save(); });
}

// Links of the page wait until everything is stored.
document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[href]');
  const button = event.target.closest('[data-person], [data-see-arm]');
  if (button) {
    if (button.dataset.person) seen.set('person', button.dataset.person);
    else seen.set('arm', button.dataset.seeArm);
    look();
    return;
  }
  if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const onward = link.dataset.plan === 'onward';
  if (!changed.size && !saving && !(onward && unsaid.size)) return;
  event.preventDefault();
  const stored = await save();
  if (onward && unsaid.size) speak().focus();
  else if (stored || !changed.size) window.location.assign(link.href);
});
window.addEventListener('pagehide', () => { if (changed.size) save({ keepalive: true }); });
window.addEventListener('beforeunload', (event) => { if (blocked && changed.size) event.preventDefault(); });
look();
