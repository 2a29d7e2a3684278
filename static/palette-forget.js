// Whoever signs in next shall not see what was opened before.
try {
  Object.keys(localStorage).filter((key) => key.startsWith('rapport.recent.'))
    .forEach((key) => localStorage.removeItem(key));
} catch { /* no storage, nothing kept */ }
