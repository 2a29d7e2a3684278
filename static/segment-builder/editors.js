// How each kind of condition is edited. An editor returns the inputs that follow the first list.
import { fill, h, icon } from './dom.js';
import { chips, line, moment, numeral, select, tokens } from './inputs.js';

const MEASURES = ['count', 'orders', 'quantity', 'amount', 'sum', 'average', 'largest', 'smallest', 'distinct', 'first', 'last'];
const OF_FIGURE = ['sum', 'average', 'largest', 'smallest', 'distinct'];
const OF_TIME = ['first', 'last'];
const NARROWINGS = ['category', 'product', 'brand'];

export class Editors {
  /**
   * `set(node, part, change, redraw)` changes a node's rule. Changes of the same part, one after the other, are
   * one step to undo (arrow keys go through a list one by one); a part that ends in “!” is a step each time.
   */
  constructor({ schema, subjects, texts, units, urls, set }) {
    Object.assign(this, { schema, subjects, texts, units, urls, set });
    this.names = new Map();
    // Who wants what is seldom needed keeps it open.
    this.open = new Set();
  }

  of(node) {
    const { rule } = node;
    if ('field' in rule) return this.field(node);
    if ('event' in rule) return this.event(node, rule, 'e');
    if ('sequence' in rule) return this.sequence(node);
    if ('message' in rule) return this.message(node);
    if ('coupon' in rule) return this.coupon(node);
    if ('segment' in rule) return this.segment(node);
    if ('share' in rule) return this.share(node);
    if ('top' in rule) return this.top(node);
    return [h('code', {}, JSON.stringify(rule))];
  }

  suggest(kind) {
    return `${this.urls.suggest}?kind=${encodeURIComponent(kind)}`;
  }

  // Known things ----------------------------------------------------------------------------------------
  field(node) {
    const { rule } = node;
    const { texts } = this;
    const { field, key } = this.subjects.field(rule.field);
    if (!field) return [h('code', {}, `${rule.field} ${rule.op} ${JSON.stringify(rule.value)}`)];
    const id = node.id;
    const parts = [];
    if (field.any_key && !this.subjects.names.has(`field:${rule.field}`)) {
      parts.push(line(`${id}:key`, texts.name, key, (name) => this.set(node, 'key', (r) => { r.field = `${field.name}.${name.trim()}`; }, false), {
        placeholder: texts.name, suggest: this.suggest(`key:${field.name}`),
      }));
    }
    const operators = this.subjects.operatorsOf(rule);
    parts.push(select(`${id}:op`, texts.comparison, operators.map((one) => ({ value: one.op, label: one.label })), rule.op, (op) => this.set(node, 'op', (r) => {
      const made = this.subjects.withOperator(r, op);
      for (const name of Object.keys(r)) delete r[name];
      Object.assign(r, made);
    })));
    const takes = operators.find((one) => one.op === rule.op)?.takes;
    parts.push(...this.value(node, field, takes));
    const absolute = (takes === 'moment' || takes === 'moments') || field.kind === 'birthday';
    if (absolute) parts.push(this.zone(node, rule));
    return parts;
  }

  value(node, field, takes) {
    const { rule, id } = node;
    const { texts } = this;
    const unit = this.units[rule.field] || {};
    const give = (change, redraw = false, part = redraw ? 'value!' : 'value') => this.set(node, part, change, redraw);
    const figure = (value, put, part) => numeral(`${id}:${part}`, texts.value, value, (read) => give((r) => put(r, read), false, part), unit);
    switch (takes) {
      case 'number': return [figure(rule.value, (r, read) => { r.value = read; }, 'value')];
      case 'days': return [numeral(`${id}:value`, texts.value, rule.value, (read) => give((r) => { r.value = read; }), { unit: texts.days, whole: true, least: 1 })];
      case 'pair': return [
        figure(rule.value?.[0], (r, read) => { r.value = [read, r.value?.[1] ?? null]; }, 'low'), h('span', {}, texts.and),
        figure(rule.value?.[1], (r, read) => { r.value = [r.value?.[0] ?? null, read]; }, 'high'),
      ];
      case 'numbers': return [tokens(`${id}:value`, texts.values, rule.value, (values) => give((r) => {
        r.value = values.map(Number).filter((value) => Number.isFinite(value));
      }, true), { texts, placeholder: texts.numbersHint })];
      case 'choice': return [select(`${id}:value`, texts.value, field.choices || [], rule.value, (value) => give((r) => { r.value = value; }, true, 'value'))];
      case 'choices': return [chips(`${id}:value`, texts.values, field.choices || [], rule.value, (values) => give((r) => { r.value = values; }, true))];
      case 'boolean': return [select(`${id}:value`, texts.value, [{ value: 'true', label: texts.yes }, { value: 'false', label: texts.no }], String(rule.value), (value) => give((r) => { r.value = value === 'true'; }, true, 'value'))];
      case 'texts': return [tokens(`${id}:value`, texts.values, rule.value, (values) => give((r) => { r.value = values; }, true), { texts, suggest: this.suggest(`value:${rule.field}`), placeholder: texts.valuesHint })];
      case 'text': return [line(`${id}:value`, texts.value, rule.value, (value) => give((r) => { r.value = value; }), { suggest: this.suggest(`value:${rule.field}`) })];
      case 'moment': return [moment(`${id}:value`, texts.value, rule.value, (value, redraw) => give((r) => { r.value = value; }, redraw), this)];
      case 'moments': return [0, 1].flatMap((i) => [i ? h('span', {}, texts.and) : null, moment(`${id}:value${i}`, i ? texts.until : texts.from, rule.value?.[i], (value, redraw) => give((r) => {
        r.value = [r.value?.[0] ?? '', r.value?.[1] ?? ''];
        r.value[i] = value;
      }, redraw, `value${i}`), this)]);
      case 'typed': return [line(`${id}:value`, texts.value, rule.value, (value) => give((r) => { r.value = guess(value); }), { suggest: this.suggest(`value:${rule.field}`) })];
      case 'typedList': return [tokens(`${id}:value`, texts.values, rule.value, (values) => give((r) => { r.value = values.map(guess); }, true), { texts, suggest: this.suggest(`value:${rule.field}`), placeholder: texts.valuesHint })];
      default: return [];
    }
  }

  zone(node, rule) {
    return select(`${node.id}:zone`, this.texts.zone, this.schema.zones, rule.zone || 'shop', (zone) => this.set(node, 'zone', (r) => { r.zone = zone; }));
  }

  // What people did -------------------------------------------------------------------------------------
  event(node, rule, stem, { measured = true } = {}) {
    const at = (part) => `${node.id}:${stem}:${part}`;
    // A step of a sequence is edited in place, within its node.
    const reach = (r) => (stem === 'e' ? r : r.sequence[Number(stem)]);
    const put = (part, change, redraw = true) => this.set(node, `${stem}:${part}`, (r) => change(reach(r)), redraw);
    const parts = [this.narrowing(at, rule, put)];
    if (measured) parts.push(...this.measure(at, rule, put, MEASURES));
    parts.push(...this.window(at, rule, put));
    parts.push(this.more(at, rule, put));
    return parts;
  }

  narrowing(at, rule, put) {
    const { texts } = this;
    const held = NARROWINGS.find((name) => name in rule) || '';
    const kinds = [{ value: '', label: texts.anything }, ...NARROWINGS.map((name) => ({ value: name, label: texts[name] }))];
    return h(
      'span',
      { class: 'sb-inline' },
      select(at('of'), texts.ofWhat, kinds, held, (kind) => put('of', (r) => {
        for (const name of NARROWINGS) delete r[name];
        if (kind) r[kind] = [];
      })),
      held && tokens(at('things'), texts[held], rule[held], (values) => put('things!', (r) => { r[held] = values; }), {
        texts, suggest: this.suggest(held), names: this.names, placeholder: texts.thingHint,
      }),
    );
  }

  measure(at, rule, put, measures) {
    const { texts, schema } = this;
    const held = rule.never ? 'never' : measures.find((name) => name in rule) || 'ever';
    const entries = [
      { value: 'ever', label: texts.ever }, { value: 'never', label: texts.never },
      ...measures.map((name) => ({ value: name, label: schema.measures.find((one) => one.name === name)?.label || name })),
    ];
    const clear = (r) => { for (const name of [...MEASURES, 'never']) delete r[name]; };
    const parts = [select(at('measure'), texts.howMuch, entries, held, (name) => put('measure', (r) => {
      const before = Object.values(r[held] || {}).find((value) => typeof value === 'number');
      clear(r);
      if (name === 'never') r.never = true;
      else if (OF_FIGURE.includes(name)) r[name] = { of: schema.measures.find((one) => one.name === name)?.of?.[0]?.value || 'amount', gte: before ?? 1 };
      else if (OF_TIME.includes(name)) r[name] = { within_days: 30 };
      else if (name !== 'ever') r[name] = { gte: before ?? 1 };
    }))];
    if (held === 'ever' || held === 'never') return parts;
    if (OF_TIME.includes(held)) return [...parts, ...this.when(at, rule[held], (change, redraw) => put('when', (r) => change(r[held]), redraw))];
    if (OF_FIGURE.includes(held)) {
      parts.push(line(at('figure'), texts.ofFigure, rule[held].of, (of) => put('figure', (r) => { r[held].of = of; }, false), { suggest: this.suggest('figure') }));
    }
    return [...parts, ...this.comparison(at, rule[held], (change, redraw) => put('amount', (r) => change(r[held]), redraw), held === 'amount' ? { sign: this.units.currency } : {})];
  }

  /** A comparison with a number: { gte: 3 }, beside what else stands in `held`. */
  comparison(at, held, put, unit = {}) {
    const { schema, texts } = this;
    const op = schema.comparisons.find((one) => one.op in held)?.op || 'gte';
    const value = held[op];
    const parts = [select(at('comparison'), texts.comparison, schema.comparisons.map((one) => ({ value: one.op, label: one.label })), op, (chosen) => put((r) => {
      delete r[op];
      const one = Array.isArray(value) ? value[0] : value;
      r[chosen] = chosen === 'between' ? [one, null] : one;
    }, true))];
    if (op !== 'between') return [...parts, numeral(at('number'), texts.value, value, (read) => put((r) => { r[op] = read; }, false), unit)];
    return [
      ...parts,
      numeral(at('low'), texts.value, value?.[0], (read) => put((r) => { r.between = [read, r.between?.[1] ?? null]; }, false), unit), h('span', {}, texts.and),
      numeral(at('high'), texts.value, value?.[1], (read) => put((r) => { r.between = [r.between?.[0] ?? null, read]; }, false), unit),
    ];
  }

  /** When the first or the last time was: { within_days: 30 }. */
  when(at, held, put) {
    const { schema, texts } = this;
    const op = schema.operators.moment.find((one) => one.op in held)?.op || 'within_days';
    const offered = schema.operators.moment.filter((one) => ['before', 'after', 'between', 'within_days', 'older_than_days'].includes(one.op));
    const parts = [select(at('whenOp'), texts.comparison, offered.map((one) => ({ value: one.op, label: one.label })), op, (chosen) => put((r) => {
      delete r[op];
      r[chosen] = chosen.endsWith('days') ? 30 : chosen === 'between' ? ['', ''] : { start_of: 'month', shift: 0 };
    }, true))];
    if (op.endsWith('days')) return [...parts, numeral(at('whenDays'), texts.value, held[op], (read) => put((r) => { r[op] = read; }, false), { unit: texts.days, whole: true, least: 1 })];
    if (op !== 'between') return [...parts, moment(at('whenValue'), texts.value, held[op], (value, redraw) => put((r) => { r[op] = value; }, redraw), this)];
    return [...parts, ...[0, 1].map((i) => moment(at(`when${i}`), i ? texts.until : texts.from, held[op][i], (value, redraw) => put((r) => { r.between[i] = value; }, redraw), this))];
  }

  window(at, rule, put) {
    const { texts, schema } = this;
    const held = 'within_days' in rule || 'within' in rule ? 'within' : 'from' in rule || 'until' in rule ? 'dates' : '';
    const kinds = [{ value: '', label: texts.anyTime }, { value: 'within', label: texts.inTheLast }, { value: 'dates', label: texts.betweenDates }];
    const parts = [select(at('window'), texts.when, kinds, held, (kind) => put('window', (r) => {
      for (const name of ['within_days', 'within', 'from', 'until']) delete r[name];
      if (kind === 'within') r.within_days = 30;
      if (kind === 'dates') Object.assign(r, { from: { start_of: 'month', shift: -1 }, until: { start_of: 'month', shift: 0 } });
      if (kind !== 'dates') delete r.zone;
    }))];
    if (held === 'within') {
      const [unit, n] = 'within_days' in rule ? ['days', rule.within_days] : Object.entries(rule.within)[0];
      const write = (r, name, value) => {
        delete r.within_days;
        delete r.within;
        if (name === 'days') r.within_days = value;
        else r.within = { [name]: value };
      };
      parts.push(
        numeral(at('span'), texts.inTheLast, n, (read) => put('span', (r) => write(r, unit, read), false), { whole: true, least: 1 }),
        select(at('unit'), texts.unit, schema.units, unit, (name) => put('unit', (r) => write(r, name, n))),
      );
    }
    if (held === 'dates') {
      for (const end of ['from', 'until']) {
        parts.push(h('span', {}, texts[end]), moment(at(end), texts[end], rule[end] ?? '', (value, redraw) => put(end, (r) => { r[end] = value; }, redraw), this));
      }
      parts.push(select(at('zone'), texts.zone, schema.zones, rule.zone || 'shop', (zone) => put('zone', (r) => { r.zone = zone; })));
    }
    return parts;
  }

  /** What is seldom asked: further properties, and only the first or last so many. */
  more(at, rule, put) {
    const { texts } = this;
    const rows = rule.where || [];
    const key = at('more');
    const open = this.open.has(key) || rows.length > 0 || 'earliest' in rule || 'latest' in rule;
    const edge = 'earliest' in rule ? 'earliest' : 'latest' in rule ? 'latest' : '';
    const box = h('details', { class: 'sb-details', open, ontoggle: (event) => { if (event.target.open) this.open.add(key); else this.open.delete(key); } },
      h('summary', { 'data-key': key }, texts.more),
      h('div', { class: 'sb-rows' },
        h('div', { class: 'sb-row' },
          select(at('edge'), texts.whichOnes, [{ value: '', label: texts.allOfThem }, { value: 'earliest', label: texts.onlyFirst }, { value: 'latest', label: texts.onlyLast }], edge, (kind) => put('edge', (r) => {
            delete r.earliest;
            delete r.latest;
            if (kind) r[kind] = 1;
          })),
          edge && numeral(at('edgeN'), texts.value, rule[edge], (read) => put('edgeN', (r) => { r[edge] = read; }, false), { whole: true, least: 1 })),
        rows.map((row, index) => this.property(at, row, index, put)),
        h('button', { type: 'button', class: 'st-btn sm', 'data-key': at('addWhere'), onclick: () => put('where!', (r) => { r.where = [...(r.where || []), { property: '', op: 'eq', value: '' }]; }) }, icon('add'), texts.addProperty)));
    return box;
  }

  property(at, row, index, put) {
    const { texts, schema } = this;
    const column = schema.columns.find((one) => one.name === row.column);
    const operators = this.subjects.operators(column ? column.kind : 'attribute');
    const takes = operators.find((one) => one.op === row.op)?.takes;
    const change = (part, edit, redraw = true) => put(`where${index}${part}`, (r) => edit(r.where[index]), redraw);
    const place = (part) => at(`where${index}${part}`);
    const value = () => {
      if (takes === 'none' || !takes) return null;
      if (takes === 'pair') {
        return [0, 1].map((i) => numeral(place(`v${i}`), texts.value, row.value?.[i], (read) => change(`v${i}`, (r) => {
          r.value = [r.value?.[0] ?? null, r.value?.[1] ?? null];
          r.value[i] = read;
        }, false)));
      }
      if (takes === 'number') return numeral(place('v'), texts.value, row.value, (read) => change('v', (r) => { r.value = read; }, false));
      if (takes === 'texts' || takes === 'numbers' || takes === 'typedList') {
        return tokens(place('v'), texts.values, row.value, (values) => change('v', (r) => { r.value = values.map(takes === 'numbers' || !column ? guess : String); }), { texts, placeholder: texts.valuesHint });
      }
      return line(place('v'), texts.value, row.value, (read) => change('v', (r) => { r.value = column ? read : guess(read); }, false));
    };
    return h('div', { class: 'sb-row' },
      select(place('c'), texts.property, [{ value: '', label: texts.property }, ...schema.columns.map((one) => ({ value: one.name, label: one.label }))], row.column || '', (name) => change('c', (r) => {
        delete r.column;
        delete r.property;
        if (name) r.column = name;
        else r.property = '';
        const kind = schema.columns.find((one) => one.name === name)?.kind || 'attribute';
        if (!this.subjects.operators(kind).some((one) => one.op === r.op)) r.op = this.subjects.operators(kind)[0].op;
        r.value = '';
      })),
      !column && line(place('p'), texts.name, row.property, (name) => change('p', (r) => { r.property = name; }, false), { placeholder: texts.name, suggest: this.suggest('property') }),
      select(place('o'), texts.comparison, operators.map((one) => ({ value: one.op, label: one.label })), row.op, (op) => change('o', (r) => {
        r.op = op;
        const wants = operators.find((one) => one.op === op).takes;
        if (wants === 'none') delete r.value;
        else if (['pair', 'texts', 'numbers', 'typedList'].includes(wants)) r.value = Array.isArray(r.value) ? r.value : [];
        else if (r.value === undefined || Array.isArray(r.value)) r.value = '';
      })),
      value(),
      h('button', { type: 'button', class: 'sb-icon', 'aria-label': texts.remove, 'data-key': place('x'), onclick: () => put('where!', (r) => {
        r.where.splice(index, 1);
        if (!r.where.length) delete r.where;
      }) }, icon('close')));
  }

  sequence(node) {
    const { rule } = node;
    const { texts, schema } = this;
    const at = (part) => `${node.id}:${part}`;
    const events = schema.events;
    const step = (index) => h('div', { class: 'sb-row sb-step' },
      select(at(`${index}:event`), texts.event, events, rule.sequence[index].event, (event) => this.set(node, `${index}:event`, (r) => { r.sequence[index].event = event; })),
      this.event(node, rule.sequence[index], String(index), { measured: false }));
    const [unit, n] = Object.entries(rule.within || { hours: 24 })[0];
    return [h('div', { class: 'sb-rows' },
      step(0),
      h('div', { class: 'sb-row' },
        select(at('then'), texts.then, [{ value: '', label: texts.then }, { value: 'absent', label: texts.thenNot }], rule.absent ? 'absent' : '', (value) => this.set(node, 'then', (r) => {
          delete r.absent;
          if (value) r.absent = true;
        })),
        h('span', {}, texts.within),
        numeral(at('withinN'), texts.within, n, (read) => this.set(node, 'withinN', (r) => { r.within = { [unit]: read }; }, false), { whole: true, least: 1 }),
        select(at('withinUnit'), texts.unit, schema.units, unit, (name) => this.set(node, 'withinUnit', (r) => { r.within = { [name]: n }; })),
        select(at('same'), texts.same, [{ value: '', label: texts.sameAny }, { value: 'product', label: texts.sameProduct }, { value: 'order', label: texts.sameOrder }], rule.same || '', (value) => this.set(node, 'same', (r) => {
          delete r.same;
          if (value) r.same = value;
        }))),
      step(1))];
  }

  // Messages and coupons --------------------------------------------------------------------------------
  message(node) {
    const { rule } = node;
    const { texts, schema } = this;
    const at = (part) => `${node.id}:${part}`;
    const put = (part, change, redraw = true) => this.set(node, part, change, redraw);
    const parts = this.measure(at, rule, (part, change, redraw) => put(part, (r) => {
      change(r);
      if (r.never) {
        delete r.never;
        r.count = { eq: 0 };
      }
    }, redraw), ['count']);
    const last = 'of_last' in rule;
    parts.push(select(at('range'), texts.when, [{ value: 'last', label: texts.ofTheLast }, { value: 'window', label: texts.inATime }], last ? 'last' : 'window', (kind) => put('range', (r) => {
      delete r.of_last;
      for (const name of ['within_days', 'within', 'from', 'until']) delete r[name];
      if (kind === 'last') {
        r.of_last = 5;
        r.count ||= { eq: 0 };
      } else r.within_days = 30;
    })));
    if (last) parts.push(numeral(at('ofLast'), texts.ofTheLast, rule.of_last, (read) => put('ofLast', (r) => { r.of_last = read; }, false), { unit: texts.sentOnes, whole: true, least: 1 }));
    else parts.push(...this.window(at, rule, put));
    parts.push(tokens(at('campaign'), texts.campaign, rule.campaign, (values) => put('campaign!', (r) => {
      delete r.campaign;
      if (values.length) r.campaign = values;
    }), { texts, suggest: this.suggest('campaign'), names: this.names, placeholder: texts.anyCampaign }));
    parts.push(select(at('channel'), texts.channel, [{ value: '', label: texts.anyChannel }, ...schema.channels], rule.channel || '', (channel) => put('channel', (r) => {
      delete r.channel;
      if (channel) r.channel = channel;
    })));
    return parts;
  }

  coupon(node) {
    const { rule } = node;
    const { texts } = this;
    const at = (part) => `${node.id}:${part}`;
    const put = (part, change, redraw = true) => this.set(node, part, change, redraw);
    return [
      ...this.measure(at, rule, put, ['count']),
      ...this.window(at, rule, put),
      tokens(at('pool'), texts.pool, rule.pool, (values) => put('pool!', (r) => {
        delete r.pool;
        if (values.length) r.pool = values;
      }), { texts, suggest: this.suggest('pool'), names: this.names, placeholder: texts.anyPool }),
    ];
  }

  // Other segments, chance, rank -------------------------------------------------------------------------
  segment(node) {
    const { texts, schema } = this;
    const known = schema.segments.map((one) => ({ value: one.slug, label: one.name }));
    return [
      select(`${node.id}:in`, texts.membership, [{ value: '', label: texts.isIn }, { value: 'not', label: texts.isNotIn }], node.not ? 'not' : '', (value) => this.set(node, 'in', () => { node.not = value === 'not'; })),
      select(`${node.id}:value`, texts.segment, [{ value: '', label: texts.choose }, ...known], node.rule.segment, (slug) => this.set(node, 'value', (r) => { r.segment = slug; })),
    ];
  }

  share(node) {
    const { texts } = this;
    const { share } = node.rule;
    return [
      numeral(`${node.id}:percent`, texts.share, share.percent, (read) => this.set(node, 'percent', (r) => { r.share.percent = read; }, false), { unit: '%' }),
      h('span', { class: 'st-mute st-small' }, texts.shareNote),
      line(`${node.id}:salt`, texts.salt, share.salt, (salt) => this.set(node, 'salt', (r) => { r.share.salt = salt; }, false)),
    ];
  }

  top(node) {
    const { texts, schema } = this;
    const { top } = node.rule;
    const by = 'percent' in top ? 'percent' : 'n';
    const set = (part, change, redraw = true) => this.set(node, part, (r) => change(r.top), redraw);
    const figures = schema.fields.filter((field) => field.kind === 'number').flatMap((field) => (field.keys
      ? field.keys.map((key) => ({ value: `${field.name}.${key.value}`, label: fill(texts.keyed, { field: field.label, key: key.label }) }))
      : field.any_key ? [] : [{ value: field.name, label: field.label }]));
    const among = top.of ? ('segment' in top.of ? top.of.segment : '*') : '';
    return [
      select(`${node.id}:order`, texts.order, [{ value: 'desc', label: texts.highest }, { value: 'asc', label: texts.lowest }], top.order || 'desc', (order) => set('order', (r) => { r.order = order; })),
      numeral(`${node.id}:n`, texts.people, top[by], (read) => set('n', (r) => { r[by] = read; }, false), { whole: by === 'n', least: 1 }),
      select(`${node.id}:by`, texts.unit, [{ value: 'n', label: texts.peopleUnit }, { value: 'percent', label: '%' }], by, (kind) => set('by', (r) => {
        const value = r[by];
        delete r[by];
        r[kind] = kind === 'percent' ? Math.min(value || 10, 100) : value;
      })),
      h('span', {}, texts.by),
      select(`${node.id}:figure`, texts.ofFigure, figures, top.field, (name) => set('figure', (r) => { r.field = name; })),
      h('span', {}, texts.among),
      select(`${node.id}:of`, texts.among, [
        { value: '', label: texts.everyone }, ...(among === '*' ? [{ value: '*', label: texts.ownRule }] : []),
        ...schema.segments.map((one) => ({ value: one.slug, label: one.name })),
      ], among, (slug) => set('of', (r) => {
        if (slug === '*') return;
        delete r.of;
        if (slug) r.of = { segment: slug };
      })),
    ];
  }
}

function guess(text) {
  if (typeof text !== 'string') return text;
  if (/^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}
