// The shell writes a chosen file's name into a text field beside it; here there is none.
for (const input of document.querySelectorAll('input[type=file]')) input.hasChangeListener = true;

// Dialogs that a button opens by name.
for (const button of document.querySelectorAll('[data-open]')) {
  button.addEventListener('click', () => document.getElementById(button.dataset.open).showModal());
}
for (const button of document.querySelectorAll('dialog [data-close]')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}
