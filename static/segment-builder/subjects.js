// What a condition can be about: the entries of its first list, what each begins with, and whether it is finished.
import { capital, fill } from './dom.js';

// What a JSON value holds is known only by what is typed: 5 and true are a number and a yes, “gold” a text.
const TYPED = {
  eq: 'typed', ne: 'typed', in: 'typedList', not_in: 'typedList', between: 'pair', before: 'moment', after: 'moment',
};

export class Subjects {
  constructor(schema, texts) {
    this.schema = schema;
    this.texts = texts;
    this.fields = new Map(schema.fields.map((field) => [field.name, field]));
    this.groups = this.list();
    this.names = new Map(this.groups.flatMap((group) => group.items.map((item) => [item.value, item.label])));
  }

  /** The groups of the first list: [{ label, items: [{ value, label }] }]. */
  list() {
    const { schema, texts } = this;
    const groups = [];
    const add = (label, items) => items.length && groups.push({ label: capital(label), items: items.map((item) => ({ ...item, label: capital(item.label) })) });
    add(texts.behaviour, [
      ...schema.events.filter((event) => !/^(message_|coupon_|segment_|price_drop|back_in_stock|low_stock)/.test(event.value)).map((event) => ({ value: `event:${event.value}`, label: event.label })),
      { value: 'sequence', label: texts.sequence },
    ]);
    add(texts.messages, [
      ...schema.messages.map((message) => ({ value: `message:${message.value}`, label: message.label })),
      ...schema.coupons.map((coupon) => ({ value: `coupon:${coupon.value}`, label: coupon.label })),
    ]);
    const byGroup = new Map();
    for (const field of schema.fields) {
      const items = byGroup.get(field.group) || byGroup.set(field.group, []).get(field.group);
      if (field.keys) {
        for (const key of field.keys) items.push({ value: `field:${field.name}.${key.value}`, label: fill(texts.keyed, { field: field.label, key: key.label }) });
      }
      if (field.any_key) items.push({ value: `field:${field.name}.`, label: `${field.label} …` });
      if (!field.keys && !field.any_key) items.push({ value: `field:${field.name}`, label: field.label });
    }
    for (const [name, items] of byGroup) add(texts.groups[name] || name, items);
    add(texts.others, [
      { value: 'segment', label: texts.segment },
      { value: 'top', label: texts.top },
      { value: 'share', label: texts.share },
    ]);
    return groups;
  }

  /** The field a rule names, with what follows its name: { field, key }. */
  field(name) {
    if (this.fields.has(name)) return { field: this.fields.get(name), key: null };
    for (const field of this.fields.values()) {
      if ((field.keys || field.any_key) && name.startsWith(`${field.name}.`)) return { field, key: name.slice(field.name.length + 1) };
    }
    return { field: null, key: null };
  }

  /** The entry of the first list that a rule belongs to. */
  of(rule) {
    if ('field' in rule) {
      const { field } = this.field(rule.field);
      return field && field.any_key && !this.names.has(`field:${rule.field}`) ? `field:${field.name}.` : `field:${rule.field}`;
    }
    for (const kind of ['event', 'message', 'coupon']) if (kind in rule) return `${kind}:${rule[kind]}`;
    return ['sequence', 'segment', 'share', 'top'].find((kind) => kind in rule) || '';
  }

  /** What a condition about an entry begins with. */
  begin(value) {
    const [kind, name] = [value.split(':')[0], value.slice(value.indexOf(':') + 1)];
    switch (kind) {
      case 'field': {
        const { field } = this.field(name);
        const operators = this.operators(field.kind);
        const first = operators.find((operator) => operator.op === 'gte' && field.kind === 'number') || operators[0];
        return this.withOperator({ field: name, op: first.op }, first.op);
      }
      case 'event': return { event: name, count: { gte: 1 }, within_days: 90 };
      case 'sequence': return { sequence: [{ event: 'add_to_cart', within_days: 7 }, { event: 'purchase' }], within: { hours: 24 }, absent: true };
      case 'message': return { message: name, count: { gte: 1 }, within_days: 90 };
      case 'coupon': return { coupon: name, count: { gte: 1 } };
      case 'segment': return { segment: '' };
      case 'share': return { share: { percent: 10, salt: Math.random().toString(36).slice(2, 10) } };
      default: return { top: { field: 'profile.revenue', n: 100, order: 'desc' } };
    }
  }

  /** The operators of a kind of field, each with what it takes. */
  operators(kind) {
    const known = this.schema.operators[kind] || [];
    return kind === 'attribute' ? known.map((one) => ({ ...one, takes: TYPED[one.op] || one.takes })) : known;
  }

  operator(rule) {
    const { field } = this.field(rule.field);
    if (!field) return null;
    return this.operatorsOf(rule).find((operator) => operator.op === rule.op) || null;
  }

  operatorsOf(rule) {
    const { field } = this.field(rule.field);
    return field ? this.operators(field.kind) : [];
  }

  /** Give a field's rule another operator, with its value kept where it fits. */
  withOperator(rule, op) {
    const { field } = this.field(rule.field);
    const before = rule.value;
    const { takes } = this.operators(field.kind).find((operator) => operator.op === op);
    const made = { ...rule, op };
    delete made.value;
    const one = Array.isArray(before) ? before[0] : before;
    const first = field.choices?.[0]?.value;
    switch (takes) {
      case 'none': break;
      case 'number': made.value = typeof one === 'number' ? one : null; break;
      case 'days': made.value = Number.isInteger(one) ? one : 30; break;
      case 'pair': made.value = Array.isArray(before) && before.length === 2 ? before : [typeof one === 'number' ? one : null, null]; break;
      case 'numbers': made.value = Array.isArray(before) ? before : typeof one === 'number' ? [one] : []; break;
      case 'typedList':
      case 'texts': made.value = Array.isArray(before) ? before : one !== '' && one !== null && typeof one !== 'object' && one !== undefined ? [one] : []; break;
      case 'typed': made.value = one !== null && typeof one !== 'object' ? one ?? '' : ''; break;
      case 'choices': made.value = Array.isArray(before) ? before : one ? [one] : []; break;
      case 'choice': made.value = typeof one === 'string' ? one : first ?? ''; break;
      case 'boolean': made.value = typeof one === 'boolean' ? one : true; break;
      case 'moment': made.value = one && typeof one !== 'number' ? one : { start_of: 'month', shift: 0 }; break;
      case 'moments': made.value = Array.isArray(before) && before.length === 2 ? before : ['', '']; break;
      default: made.value = typeof one === 'string' ? one : '';
    }
    return made;
  }

  /** Whether a condition says enough to be counted. */
  finished(node) {
    return this.says(node.rule);
  }

  says(rule) {
    if ('field' in rule) {
      const operator = this.operator(rule);
      if (rule.field.endsWith('.')) return false;
      return !operator || operator.takes === 'none' || filled(rule.value);
    }
    if ('sequence' in rule) return rule.sequence.every((step) => this.says(step)) && filled(Object.values(rule.within || { days: 1 })[0]);
    if ('segment' in rule) return rule.segment !== '';
    if ('share' in rule) return filled(rule.share.percent) && filled(rule.share.salt);
    if ('top' in rule) return filled(rule.top.n ?? rule.top.percent);
    const narrowed = ['category', 'product', 'brand', 'campaign', 'pool'].every((name) => !(name in rule) || filled(rule[name]));
    const measures = ['count', 'orders', 'quantity', 'amount', 'sum', 'average', 'largest', 'smallest', 'distinct', 'first', 'last'];
    const measured = measures.every((name) => !(name in rule) || Object.values(rule[name]).every(filled));
    const dated = ['within_days', 'of_last', 'from', 'until', 'latest', 'earliest'].every((name) => !(name in rule) || filled(rule[name]));
    const within = !rule.within || filled(Object.values(rule.within)[0]);
    const plain = Object.entries(rule.properties || {}).flat().every(filled);
    const where = (rule.where || []).every((row) => filled(row.column || row.property) && ('value' in row ? filled(row.value) : true));
    return narrowed && measured && dated && within && plain && where;
  }
}

export function filled(value) {
  if (value === null || value === undefined || value === '' || value === 'T') return false;
  if (Array.isArray(value)) return value.length > 0 && value.every(filled);
  if (typeof value === 'number') return !Number.isNaN(value);
  return true;
}
