// Shows a mail in the looks that stand in the form, before they are saved.
const form = document.querySelector('[data-brand]');
const frame = document.querySelector('[data-brand-frame]');
const SHOWN = ['accent', 'ink', 'paper', 'ground', 'font', 'heading_font', 'radius', 'logo_width', 'footer', 'address'];
let timer = 0;
// The shell writes a chosen file's name into a text field beside it; here there is none.
for (const input of document.querySelectorAll('input[type=file]')) input.hasChangeListener = true;
form.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const values = new FormData(form);
    const asked = new URLSearchParams(SHOWN.filter((name) => values.has(name)).map((name) => [name, values.get(name)]));
    frame.src = `${form.dataset.sample}?${asked}`;
  }, 300);
});
