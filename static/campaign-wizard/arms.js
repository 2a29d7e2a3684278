// The arms of a test: two to five, each differs in one thing: written where there is nothing to choose from.

export function arms(form, start, words, changed) {
  const list = form.querySelector('[data-plan=arms]');
  if (!list || !start) return;
  const { choices, own, most, labels, remove, tone, tones } = start;

  const lever = () => form.querySelector('[name=lever]:checked')?.value ?? '';

  function field(kind, value, number) {
    let input;
    if (!choices[kind]) {
      input = document.createElement('input');
      input.maxLength = 300;
      input.value = value;
    } else {
      input = document.createElement('select');
      input.append(new Option('–', ''));
      for (const [key, label] of choices[kind]) input.append(new Option(label, key, false, key === value));
    }
    input.dataset.arm = number;
    input.dataset.field = 'test';
    input.setAttribute('aria-label', `${words.arm} ${labels[number]}`);
    return input;
  }

  /** What is not to be read off the words: their tone. */
  function toneOf(number, value) {
    const input = document.createElement('select');
    for (const [key, label] of tones) input.append(new Option(label, key, false, key === value));
    input.dataset.tone = number;
    input.dataset.field = 'test';
    input.className = 'pw-tone';
    input.setAttribute('aria-label', `${tone} ${labels[number]}`);
    return input;
  }

  function draw(values, said = []) {
    const kind = lever();
    list.replaceChildren(...(kind ? values.map((value, number) => {
      const row = document.createElement('li');
      const letter = document.createElement('b');
      letter.textContent = labels[number];
      letter.className = 'pw-letter';
      const error = document.createElement('p');
      error.className = 'pw-error';
      error.dataset.error = `arm${number}`;
      error.setAttribute('role', 'alert');
      row.append(letter, field(kind, value, number));
      if (kind === 'subject' || kind === 'content') row.append(toneOf(number, said[number]));
      if (values.length > 2) {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'st-btn sm';
        button.textContent = remove;
        button.addEventListener('click', () => {
          draw(read().filter((_one, at) => at !== number), heard().filter((_one, at) => at !== number));
          changed('test');
          list.querySelector('[data-arm]')?.focus();
        });
        row.append(button);
      }
      row.append(error);
      return row;
    }) : []));
    const add = form.querySelector('[data-plan=add-arm]');
    add.hidden = !kind || values.length >= most;
  }

  const read = () => [...list.querySelectorAll('[data-arm]')].map((one) => one.value);
  const heard = () => [...list.querySelectorAll('[data-tone]')].map((one) => one.value);
  const begin = (kind) => [own[kind] ?? '', ''];

  for (const radio of form.querySelectorAll('[name=lever]')) {
    radio.addEventListener('change', () => draw(radio.value ? begin(radio.value) : []));
  }
  form.querySelector('[data-plan=add-arm]').addEventListener('click', () => {
    draw([...read(), ''], heard());
    changed('test');
    list.querySelector('li:last-child [data-arm]').focus();
  });
  draw(start.arms.length ? start.arms : lever() ? begin(lever()) : [], start.said);
}
