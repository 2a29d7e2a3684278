// The promotion editor: draws the rule, asks the server what it means while one types, saves it.
import { ask, capital, fill, h, icon, json, latest, problem } from '../segment-builder/dom.js';
import { select } from '../segment-builder/inputs.js';
import { bundles } from './bundles.js';
import { drawCart, drawTried, kept } from './cart.js';
import { fields } from './fields.js';

const page = json('offer-page');
const texts = json('offer-texts');
const schema = json('offer-schema');
const promotion = json('offer-sent');
const part = (name) => document.querySelector(`[data-of="${name}"]`);
const cart = kept();
const names = new Map(Object.entries(page.names).map(([kind, held]) => [kind, new Map(Object.entries(held))]));
const about = {
  texts, schema, readonly: page.readonly,
  names: (kind) => { if (!names.has(kind)) names.set(kind, new Map()); return names.get(kind); },
  suggest: (kind) => `${page.urls.suggest}?kind=${kind}`,
  currencies: () => [promotion.currency, ...(promotion.also_in || [])].filter(Boolean),
};
const inputs = fields(about);
const kindOf = (list, rule) => list.find((one) => one.kind === rule?.kind) || list[0];
let dirty = false;
let version = page.version;
let faults = {};
let asked = false; // to save it

function edited(redraw) {
  dirty = true;
  part('status').textContent = texts.unsaved;
  if (redraw) draw();
  judge();
}

// Drawing; the focus stays on what it was on, by its key. --------------------------------------------
function draw(key = document.activeElement?.dataset?.key) {
  const held = document.activeElement;
  const place = held?.type === 'text' ? held.selectionStart : null;
  drawBenefit();
  drawConditions();
  drawLimits();
  drawBeside();
  drawCart(part('cart'), cart, { texts, urls: page.urls, inputs, about, sees: schema.sees, changed: judge, again: draw, form: schema.cart });
  if (page.readonly) {
    part('form').querySelectorAll('input, select, button').forEach((one) => { one.disabled = true; });
  }
  mark();
  if (!key) return;
  const box = [...document.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);
  box?.focus();
  if (place !== null && box?.type === 'text') box.setSelectionRange(place, place);
}

function drawBenefit() {
  const kind = kindOf(schema.benefits, promotion.benefit);
  const choice = select('benefit:kind', schema.kindLabel, schema.benefits.map((one) => ({ value: one.kind, label: one.label })), kind.kind, (chosen) => {
    promotion.benefit = { kind: chosen, ...inputs.begun(kindOf(schema.benefits, { kind: chosen }).fields) };
    edited(true);
  });
  part('benefit').replaceChildren(
    h('div', { class: 'of-kind' }, choice),
    inputs.draw(kind.fields, 'benefit', promotion.benefit, (_rule, redraw) => edited(redraw)),
    kind.kind === 'bundle' && !page.readonly ? bundles({ texts, url: page.urls.bundles, take: takeSet }) : '',
    h('p', { class: 'sb-error', 'data-fault': 'benefit' }),
  );
}

function takeSet(items) {
  items.forEach((item) => about.names('product').set(item.sku, item.name));
  const { price, percent } = promotion.benefit;
  if (price === undefined && percent === undefined) promotion.benefit.percent = '10';
  promotion.benefit.items = items.map((item) => ({ quantity: 1, products: [item.sku] }));
  edited(true);
}

function drawConditions() {
  const rows = promotion.conditions.map((rule, index) => {
    const kind = kindOf(schema.conditions, rule);
    return h(
      'div', { class: 'of-row', role: 'group', 'aria-label': kind.label },
      h(
        'div', { class: 'of-row-head' }, h('b', { class: 'st-ink' }, kind.label),
        page.readonly ? null : h('button', {
          type: 'button', class: 'st-btn sm sb-quiet', 'data-key': `conditions.${index}:remove`, 'aria-label': `${texts.remove}: ${kind.label}`,
          onclick: () => { promotion.conditions.splice(index, 1); edited(false); draw('conditions:add'); },
        }, icon('close')),
      ),
      kind.fields.length ? inputs.draw(kind.fields, `conditions.${index}`, rule, (_rule, redraw) => edited(redraw)) : null,
      h('p', { class: 'sb-error', 'data-fault': `conditions.${index}` }),
    );
  });
  const groups = [...new Set(schema.conditions.map((one) => one.group))];
  const add = h(
    'select',
    {
      'data-key': 'conditions:add', 'aria-label': texts.addCondition, class: 'of-add',
      onchange: (event) => {
        if (!event.target.value) return;
        const kind = kindOf(schema.conditions, { kind: event.target.value });
        promotion.conditions.push({ kind: kind.kind, ...inputs.begun(kind.fields) });
        const first = kind.fields[0];
        edited(false);
        const path = first && `conditions.${promotion.conditions.length - 1}.${first.name}`;
        draw(!first ? 'conditions:add' : ['tokens', 'numbers'].includes(first.type) ? `${path}:box` : path);
      },
    },
    h('option', { value: '' }, `+ ${texts.addCondition}`),
    groups.map((group) => h('optgroup', { label: group }, schema.conditions.filter((one) => one.group === group).map((one) => h('option', { value: one.kind }, one.label)))),
  );
  part('conditions').replaceChildren(
    ...(rows.length ? rows : [h('p', { class: 'st-mute' }, texts.everybody)]), page.readonly ? '' : add, h('p', { class: 'sb-error', 'data-fault': 'conditions' }),
  );
}

function slot(name, label, input, wide) {
  return h('div', { class: wide ? 'of-slot is-wide' : 'of-slot' }, inputs.labelled(label, input), h('p', { class: 'sb-error', 'data-fault': name }));
}

function drawLimits() {
  const label = schema.labels;
  const give = (name) => (value) => { promotion[name] = value ?? ''; edited(false); };
  const budget = inputs.number('budget', label.budget, promotion.budget, give('budget'));
  part('limits').replaceChildren(
    ...['starts_at', 'ends_at'].map((name) => slot(name, label[name], inputs.moment(name, label[name], promotion[name], give(name)))),
    ...['limit', 'limit_per_customer', 'limit_per_day'].map((name) => slot(name, label[name], inputs.number(name, label[name], promotion[name], give(name), true))),
    slot('budget', label.budget, h('span', { class: 'sb-unit' }, budget, h('span', { 'aria-hidden': 'true' }, promotion.currency))),
    h('div', { class: 'of-slot is-wide' }, h('label', { class: 'st-check' }, h('input', {
      type: 'checkbox', 'data-key': 'needs_code', checked: promotion.needs_code, onchange: (event) => { promotion.needs_code = event.target.checked; edited(false); },
    }), label.needs_code), h('p', { class: 'sb-error', 'data-fault': 'needs_code' })),
  );
}

function drawBeside() {
  const label = schema.labels;
  const choices = schema.stacking.map((one) => h(
    'label', { class: 'of-choice' },
    h('input', { type: 'radio', name: 'stacking', value: one.value, 'data-key': `stacking:${one.value}`, checked: promotion.stacking === one.value, onchange: () => { promotion.stacking = one.value; edited(false); } }),
    h('span', {}, h('b', { class: 'st-ink' }, one.label), h('br'), h('span', { class: 'st-mute' }, one.note)),
  ));
  const currency = h('input', {
    type: 'text', maxlength: 3, 'data-key': 'currency', 'aria-label': label.currency, value: promotion.currency, class: 'of-code', autocomplete: 'off',
    onchange: (event) => { promotion.currency = event.target.value.trim().toUpperCase(); edited(true); },
  });
  part('beside').replaceChildren(
    h('div', { class: 'of-choices', role: 'radiogroup', 'aria-labelledby': 'of-beside' }, choices),
    h('details', { class: 'st-more of-further', open: opened() }, h('summary', {}, label.further), h(
      'div', { class: 'of-fields' },
      slot('priority', label.priority, h('input', { type: 'number', step: 1, 'data-key': 'priority', 'aria-label': label.priority, value: promotion.priority, class: 'of-number', oninput: (event) => { promotion.priority = event.target.value; edited(false); } })),
      slot('currency', label.currency, currency),
      slot('also_in', label.also_in, inputs.many('also_in', label.also_in, promotion.also_in, (values) => { promotion.also_in = values.map((one) => one.toUpperCase()); edited(true); }, ''), true),
      slot('prices', label.prices, select('prices', label.prices, schema.prices, promotion.prices, (value) => { promotion.prices = value; edited(false); })),
    )),
  );
}
const opened = () => Boolean(document.querySelector('.of-further')?.open || promotion.priority || promotion.also_in.length);

// What the server says of it. --------------------------------------------------------------------------
const judge = latest(async (signal) => {
  const answer = await ask(page.urls.try, { promotion, cart }, signal);
  if (!answer.ok) {
    part('status').textContent = problem(answer, texts);
    return;
  }
  faults = answer.body.faults;
  mark();
  if (!answer.body.words) return;
  tell(answer.body);
  drawTried(part('tried'), answer.body.tried, texts);
});

function tell({ words, countdown, overlaps, more }) {
  const list = (items, none) => (items.length ? h('ul', { class: 'of-clauses' }, items.map((item) => h('li', {}, item))) : none ? h('p', {}, none) : null);
  part('words').replaceChildren(
    h('p', { class: 'of-gives' }, words.gives || texts.unfinished),
    h('h3', {}, texts.when), list(words.when, texts.anyCart),
    ...(words.limits.length ? [h('h3', {}, texts.limits), list(words.limits)] : []),
    h('p', { class: 'st-mute' }, words.beside),
  );
  part('countdown').textContent = capital(countdown);
  part('overlaps').replaceChildren(...(overlaps.length ? overlaps.map((one) => h(
    'li', {}, icon(one.outcome === 'adds' ? 'warning' : 'info'),
    h('span', {}, h('a', { class: 'st-link', href: one.url }, one.name), h('br'), h('span', { class: 'st-mute' }, `${capital(one.when)} · ${one.text}`)),
  )) : [h('li', {}, h('span', { class: 'st-mute' }, texts.noOverlap))]), more ? h('li', {}, fill(texts.more, { count: more })) : '');
}

// What nobody has written yet is not wrong yet, until somebody saves.
const untouched = (path) => {
  const value = path.split('.').reduce((at, name) => at?.[name], promotion);
  return value === undefined || value === '' || (typeof value === 'object' && !Object.keys(value).some((name) => name !== 'kind'));
};

// Each fault stands at the nearest place that the page has for it.
function mark() {
  const places = new Map([...document.querySelectorAll('[data-fault]')].map((one) => [one.dataset.fault, one]));
  places.forEach((place) => { place.textContent = ''; });
  Object.entries(faults).forEach(([path, message]) => {
    if (!asked && untouched(path)) return;
    let at = path;
    while (at && !places.has(at)) at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '';
    const place = places.get(at);
    if (place) place.textContent = place.textContent ? `${place.textContent} ${message}` : message;
  });
}

// Saving. ------------------------------------------------------------------------------------------------
async function save() {
  asked = true;
  const button = part('save');
  button.disabled = true;
  part('status').textContent = texts.saving;
  const answer = await ask(page.urls.save, { promotion, version });
  button.disabled = false;
  if (answer.ok) {
    dirty = false;
    if (!version || !promotion.id) {
      window.location.assign(answer.body.url);
      return true;
    }
    ({ version } = answer.body);
    part('status').textContent = texts.saved;
    part('conflict').hidden = true;
    return true;
  }
  part('status').textContent = problem(answer, texts);
  if (answer.body?.faults) {
    ({ faults } = answer.body);
    mark();
    const wrong = [...document.querySelectorAll('[data-fault]')].find((one) => one.textContent);
    wrong?.scrollIntoView({ block: 'center' });
    if (faults.name) part('name').focus();
  }
  if (answer.body?.conflict) {
    part('conflict').hidden = false;
    part('conflict').replaceChildren(h('p', {}, answer.body.message), h('button', { type: 'button', class: 'st-btn', onclick: () => { dirty = false; window.location.reload(); } }, texts.reload));
    part('conflict').scrollIntoView({ block: 'center' });
  }
  return false;
}

part('name').value = promotion.name;
part('name').addEventListener('input', (event) => { promotion.name = event.target.value; edited(false); });
part('save')?.addEventListener('click', save);
part('switching')?.addEventListener('submit', async (event) => {
  if (!dirty || !part('save')) return;
  event.preventDefault();
  if (await save()) event.target.submit();
});
document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's' && part('save')) {
    event.preventDefault();
    save();
  }
});
window.addEventListener('beforeunload', (event) => { if (dirty) event.preventDefault(); });
draw();
judge();
