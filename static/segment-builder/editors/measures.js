// How much of a behaviour: ever, never, so many times, a sum, or when it was the first or last time.
import { h } from '../dom.js';
import { line, moment, numeral, select } from '../inputs.js';

const MEASURES = ['count', 'orders', 'quantity', 'amount', 'sum', 'average', 'largest', 'smallest', 'distinct', 'first', 'last'];
const OF_FIGURE = ['sum', 'average', 'largest', 'smallest', 'distinct'];
const OF_TIME = ['first', 'last'];

export function measure(kit, at, rule, put, measures = MEASURES) {
  const { texts, schema } = kit;
  const named = (name) => schema.measures.find((one) => one.name === name);
  const held = rule.never ? 'never' : measures.find((name) => name in rule) || 'ever';
  const entries = [
    { value: 'ever', label: texts.ever }, { value: 'never', label: texts.never },
    ...measures.map((name) => ({ value: name, label: named(name)?.label || name })),
  ];
  const parts = [select(at('measure'), texts.howMuch, entries, held, (name) => put('measure', (r) => {
    const before = Object.values(r[held] || {}).find((value) => typeof value === 'number');
    for (const one of [...MEASURES, 'never']) delete r[one];
    if (name === 'never') r.never = true;
    else if (OF_FIGURE.includes(name)) r[name] = { of: named(name)?.of?.[0]?.value || 'amount', gte: before ?? 1 };
    else if (OF_TIME.includes(name)) r[name] = { within_days: 30 };
    else if (name !== 'ever') r[name] = { gte: before ?? 1 };
  }))];
  if (held === 'ever' || held === 'never') return parts;
  if (OF_TIME.includes(held)) return [...parts, ...when(kit, at, rule[held], (change, redraw) => put('when', (r) => change(r[held]), redraw))];
  if (OF_FIGURE.includes(held)) {
    parts.push(line(at('figure'), texts.ofFigure, rule[held].of, (of) => put('figure', (r) => { r[held].of = of; }, false), { suggest: kit.suggest('figure') }));
  }
  const unit = held === 'amount' ? { sign: kit.units.currency } : {};
  return [...parts, ...comparison(kit, at, rule[held], (change, redraw) => put('amount', (r) => change(r[held]), redraw), unit)];
}

/** A comparison with a number: { gte: 3 }, beside what else stands in `held`. */
function comparison(kit, at, held, put, unit) {
  const { schema, texts } = kit;
  const op = schema.comparisons.find((one) => one.op in held)?.op || 'gte';
  const value = held[op];
  const parts = [select(at('comparison'), texts.comparison, schema.comparisons.map((one) => ({ value: one.op, label: one.label })), op, (chosen) => put((r) => {
    const one = Array.isArray(r[op]) ? r[op][0] : r[op];
    delete r[op];
    r[chosen] = chosen === 'between' ? [one, null] : one;
  }, true))];
  const figure = (key, shown, write) => numeral(at(key), texts.value, shown, (read) => put((r) => write(r, read), false), unit);
  if (op !== 'between') return [...parts, figure('number', value, (r, read) => { r[op] = read; })];
  return [
    ...parts,
    figure('low', value?.[0], (r, read) => { r.between = [read, r.between?.[1] ?? null]; }), h('span', {}, texts.and),
    figure('high', value?.[1], (r, read) => { r.between = [r.between?.[0] ?? null, read]; }),
  ];
}

/** When the first or the last time was: { within_days: 30 }. */
function when(kit, at, held, put) {
  const { schema, texts } = kit;
  const offered = schema.operators.moment.filter((one) => ['before', 'after', 'between', 'within_days', 'older_than_days'].includes(one.op));
  const op = offered.find((one) => one.op in held)?.op || 'within_days';
  const parts = [select(at('whenOp'), texts.comparison, offered.map((one) => ({ value: one.op, label: one.label })), op, (chosen) => put((r) => {
    delete r[op];
    r[chosen] = chosen.endsWith('days') ? 30 : chosen === 'between' ? ['', ''] : { start_of: 'month', shift: 0 };
  }, true))];
  if (op.endsWith('days')) return [...parts, numeral(at('whenDays'), texts.value, held[op], (read) => put((r) => { r[op] = read; }, false), { unit: texts.days, whole: true, least: 1 })];
  if (op !== 'between') return [...parts, moment(at('whenValue'), texts.value, held[op], (value, redraw) => put((r) => { r[op] = value; }, redraw), kit)];
  return [...parts, ...[0, 1].map((i) => moment(at(`when${i}`), i ? texts.until : texts.from, held[op][i], (value, redraw) => put((r) => { r.between[i] = value; }, redraw), kit))];
}
