// Which of the events are meant: of a category, product or brand, with certain properties, only the first or last few.
import { h, icon } from '../dom.js';
import { line, numeral, select, tokens } from '../inputs.js';
import { typed } from './field.js';

const THINGS = ['category', 'product', 'brand'];

/** Categories, products and brands; all that are named must hold. */
export function things(kit, at, rule, put) {
  const { texts } = kit;
  const held = THINGS.filter((name) => name in rule);
  const free = THINGS.filter((name) => !(name in rule));
  const offer = (names) => names.map((name) => ({ value: name, label: texts[name] }));
  const one = (name, index) => h('span', { class: 'sb-inline' },
    select(at(`of${index}`), texts.ofWhat, [{ value: '', label: texts.anything }, ...offer([name, ...free])], name, (chosen) => put(`of${index}`, (r) => {
      delete r[name];
      if (chosen) r[chosen] = [];
    })),
    tokens(at(`things${index}`), texts[name], rule[name], (values) => put('things!', (r) => { r[name] = values; }), {
      texts, suggest: kit.suggest(name), names: kit.names, placeholder: texts.thingHint,
    }));
  const next = (label) => select(at(`of${held.length}`), texts.ofWhat, [{ value: '', label }, ...offer(free)], '', (chosen) => put(`of${held.length}`, (r) => {
    if (chosen) r[chosen] = [];
  }));
  return [...held.map(one), held.length ? null : next(texts.anything), held.length && free.length && held.every((name) => [].concat(rule[name]).length) ? next(texts.andOf) : null];
}

/** What is seldom asked: properties, and only the first or last so many. */
export function more(kit, at, rule, put, { edges = true } = {}) {
  const { texts } = kit;
  const key = at('more');
  const rows = rule.where || [];
  const plain = Object.entries(rule.properties || {});
  const edge = 'earliest' in rule ? 'earliest' : 'latest' in rule ? 'latest' : '';
  const edgeRow = () => h('div', { class: 'sb-row' },
    select(at('edge'), texts.whichOnes, [{ value: '', label: texts.allOfThem }, { value: 'earliest', label: texts.onlyFirst }, { value: 'latest', label: texts.onlyLast }], edge, (kind) => put('edge', (r) => {
      delete r.earliest;
      delete r.latest;
      if (kind) r[kind] = 1;
    })),
    edge && numeral(at('edgeN'), texts.number, rule[edge], (read) => put('edgeN', (r) => { r[edge] = read; }, false), { whole: true, least: 1 }));
  return h('details', {
    class: 'sb-details', open: kit.open.has(key) || rows.length > 0 || plain.length > 0 || Boolean(edge),
    ontoggle: (event) => { if (event.target.open) kit.open.add(key); else kit.open.delete(key); },
  },
  h('summary', { 'data-key': key }, edges ? texts.more : texts.moreProperties),
  h('div', { class: 'sb-rows' },
    edges || edge ? edgeRow() : null,
    plain.map(([name, value], index) => property(kit, at, name, value, index, put)),
    rows.map((row, index) => where(kit, at, row, index, put)),
    h('button', {
      type: 'button', class: 'st-btn sm', 'data-key': at('addWhere'),
      onclick: () => put('where!', (r) => { r.where = [...(r.where || []), { property: '', op: 'eq', value: '' }]; }),
    }, icon('add'), texts.addProperty)));
}

const bin = (kit, key, onclick) => h('button', { type: 'button', class: 'sb-icon', 'aria-label': kit.texts.remove, 'data-key': key, onclick }, icon('close'));

/** A property that is a certain text: { properties: { colour: "red" } }. */
function property(kit, at, name, value, index, put) {
  const { texts } = kit;
  const place = (part) => at(`property${index}${part}`);
  const rewrite = (r, pair) => {
    const pairs = Object.entries(r.properties);
    pairs.splice(index, 1, ...(pair ? [pair] : []));
    r.properties = Object.fromEntries(pairs);
    if (!pairs.length) delete r.properties;
  };
  return h('div', { class: 'sb-row' },
    line(place('p'), texts.propertyName, name, (read) => put(`property${index}p`, (r) => rewrite(r, [read, Object.values(r.properties)[index]]), false), { suggest: kit.suggest('property') }),
    h('span', {}, texts.isText),
    line(place('v'), texts.value, value, (read) => put(`property${index}v`, (r) => rewrite(r, [Object.keys(r.properties)[index], read]), false)),
    bin(kit, place('x'), () => put('property!', (r) => rewrite(r, null))));
}

/** A condition on a property or column: { property: "colour", op: "in", value: [...] }. */
function where(kit, at, row, index, put) {
  const { texts, schema, subjects } = kit;
  const kindOf = (name) => schema.columns.find((one) => one.name === name)?.kind || 'attribute';
  const operators = subjects.operators(kindOf(row.column));
  const takes = operators.find((one) => one.op === row.op)?.takes;
  const change = (part, edit, redraw = true) => put(`where${index}${part}`, (r) => edit(r.where[index]), redraw);
  const place = (part) => at(`where${index}${part}`);
  return h('div', { class: 'sb-row' },
    select(place('c'), texts.property, [{ value: '', label: texts.property }, ...schema.columns.map((one) => ({ value: one.name, label: one.label }))], row.column || '', (name) => change('c', (r) => {
      delete r.column;
      delete r.property;
      if (name) r.column = name;
      else r.property = '';
      const known = subjects.operators(kindOf(name));
      if (!known.some((one) => one.op === r.op)) r.op = known[0].op;
      fit(r, known.find((one) => one.op === r.op).takes, true);
    })),
    !row.column && line(place('p'), texts.propertyName, row.property, (name) => change('p', (r) => { r.property = name; }, false), { placeholder: texts.propertyName, suggest: kit.suggest('property') }),
    select(place('o'), texts.comparison, operators.map((one) => ({ value: one.op, label: one.label })), row.op, (op) => change('o', (r) => {
      r.op = op;
      fit(r, operators.find((one) => one.op === op).takes);
    })),
    values(kit, row, takes, place, change),
    bin(kit, place('x'), () => put('where!', (r) => {
      r.where.splice(index, 1);
      if (!r.where.length) delete r.where;
    })));
}

/** Give a row a value of the shape that its comparison takes; what it had is kept where it fits. */
function fit(row, takes, anew = false) {
  const before = anew ? undefined : row.value;
  const first = Array.isArray(before) ? before[0] : before;
  if (takes === 'none') delete row.value;
  else if (takes === 'pair') row.value = [typeof first === 'number' ? first : null, null];
  else if (['texts', 'numbers', 'typedList'].includes(takes)) row.value = Array.isArray(before) ? before : [before].filter((one) => one !== undefined && one !== '' && one !== null);
  else if (takes === 'boolean') row.value = true;
  else if (['number', 'days'].includes(takes)) row.value = typeof first === 'number' ? first : takes === 'days' ? 30 : null;
  else if (takes === 'moment') row.value = '';
  else row.value = first ?? '';
}

function values(kit, row, takes, place, change) {
  const { texts } = kit;
  const put = (part, read, redraw = false) => change(part, (r) => { r.value = read; }, redraw);
  switch (takes) {
    case undefined:
    case 'none': return null;
    case 'pair': return [0, 1].map((i) => [i ? h('span', {}, texts.and) : null, numeral(place(`v${i}`), texts.value, row.value?.[i], (read) => change(`v${i}`, (r) => {
      r.value = [r.value?.[0] ?? null, r.value?.[1] ?? null];
      r.value[i] = read;
    }, false))]);
    case 'number': return numeral(place('v'), texts.value, row.value, (read) => put('v', read));
    case 'days': return numeral(place('v'), texts.value, row.value, (read) => put('v', read), { unit: texts.days, whole: true, least: 1 });
    case 'numbers': return tokens(place('v'), texts.values, row.value, (read) => put('v!', read.map(Number).filter(Number.isFinite), true), { texts, placeholder: texts.numbersHint });
    case 'texts':
    case 'typedList': return tokens(place('v'), texts.values, row.value, (read) => put('v!', takes === 'typedList' ? read.map(typed) : read, true), { texts, placeholder: texts.valuesHint });
    case 'boolean': return select(place('v'), texts.value, [{ value: 'true', label: texts.yes }, { value: 'false', label: texts.no }], String(row.value), (read) => put('v', read === 'true', true));
    default: return line(place('v'), texts.value, row.value, (read) => put('v', takes === 'typed' ? typed(read) : read));
  }
}
