/*!
 * Rapport for shops' pages: what visitors look at, put into the cart and buy. No dependency, no build.
 *
 *   <script src="https://rapport.example/static/rapport.js" data-key="rpp_…" data-consent="pending" defer></script>
 *   rapport.consent("granted")
 *
 * Nothing is stored or sent before consent; "denied" forgets everything. Messages keep their ids, so
 * whatever is sent twice counts once. docs/website.md says the rest.
 */
(function (window, document, navigator) {
  "use strict";

  var MAX_QUEUE = 200; // messages kept while nobody answers; the oldest go first
  var BATCH = 20; // messages that are sent without waiting
  var WAIT = 3000; // ms for which a message waits for company
  var LONGEST_PAUSE = 300000; // ms between attempts
  var BEACON_BYTES = 60000; // browsers take 64 KiB
  var STORE = "rapport:";

  var script = document.currentScript;
  var options = null;
  var state = "pending"; // of consent
  var who = null; // {anonymousId, userId, signature}
  var early = null; // the same, said before consent
  var queue = []; // what the server has not confirmed
  var flying = 0; // how many from the queue's head are on their way
  var failures = 0;
  var timer = 0;
  var tab = uid();
  var product = null; // {sku, since, seen}: what is looked at, and for how long
  var address = "";

  // Small things ---------------------------------------------------------------------------------

  function uid() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }

  function now() {
    return options.clock ? options.clock() : Date.now();
  }

  function iso(ms) {
    return new Date(ms).toISOString();
  }

  function warn(text) {
    if (window.console) console.warn("rapport: " + text);
  }

  /** Use localStorage where there is one; private windows and full disks have none. */
  function storage(use) {
    try {
      return use(window.localStorage);
    } catch (error) {
      return null;
    }
  }

  function save() {
    storage(function (s) {
      if (queue.length) s.setItem(STORE + "q:" + tab, JSON.stringify(queue));
      else s.removeItem(STORE + "q:" + tab);
    });
  }

  /** Take over what closed tabs left. A living tab's messages may go twice; the server counts them once. */
  function adopt() {
    storage(function (s) {
      Object.keys(s).forEach(function (key) {
        if (key.indexOf(STORE + "q:") || key === STORE + "q:" + tab) return;
        var left = JSON.parse(s.getItem(key));
        s.removeItem(key);
        if (Array.isArray(left)) queue = queue.concat(left);
      });
    });
  }

  function cookie(value, seconds) {
    if (!options.cookieDomain) return "";
    if (value !== undefined) {
      document.cookie = "rapport_id=" + value + ";path=/;domain=" + options.cookieDomain +
        ";max-age=" + seconds + ";samesite=lax" + (location.protocol === "https:" ? ";secure" : "");
    }
    return (document.cookie.match(/(?:^|; )rapport_id=([0-9a-f]{32})/) || [])[1];
  }

  function remember() {
    storage(function (s) { s.setItem(STORE + "who", JSON.stringify(who)); });
    cookie(who.anonymousId, 31536000);
  }

  function recall() {
    who = storage(function (s) { return JSON.parse(s.getItem(STORE + "who")); }) || {};
    who.anonymousId = cookie() || who.anonymousId || uid();
    remember();
  }

  function forget() {
    clearTimeout(timer);
    timer = failures = flying = 0;
    queue = [];
    who = early = null;
    storage(function (s) {
      Object.keys(s).forEach(function (key) { if (!key.indexOf(STORE)) s.removeItem(key); });
    });
    cookie("", 0);
  }

  // Messages -------------------------------------------------------------------------------------

  /** Say where it happened. Addresses go without their query: it may hold what is nobody's business. */
  function context() {
    var found = {
      page: { path: location.pathname, url: location.origin + location.pathname, title: document.title },
      locale: navigator.language,
      library: { name: "rapport.js", version: "1" }
    };
    var campaign = {};
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (!name.indexOf("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    });
    if (Object.keys(campaign).length) found.campaign = campaign;
    if (document.referrer) found.page.referrer = document.referrer.split(/[?#]/)[0];
    return found;
  }

  function add(type, fields) {
    if (!options || state === "denied") return;
    fields.type = type;
    fields.messageId = uid();
    fields.timestamp = iso(now());
    fields.context = context();
    if (state === "granted") sign(fields);
    queue.push(fields);
    var excess = queue.length - MAX_QUEUE;
    if (excess > 0) queue.splice(flying, excess);
    if (state !== "granted") return;
    save();
    plan(queue.length - flying >= BATCH ? 0 : WAIT);
  }

  /** Put the visitor's name on a message that has none yet. */
  function sign(message) {
    message.anonymousId = who.anonymousId;
    if (who.userId && !message.userId) message.userId = who.userId;
    if (who.signature) message.context.signature = who.signature;
  }

  function plan(ms) {
    if (failures && ms < LONGEST_PAUSE) ms = Math.max(ms, pause());
    if (timer && ms) return;
    clearTimeout(timer);
    timer = setTimeout(send, ms);
  }

  /** Return how long to wait after failures in a row: twice as long each time, never all at once. */
  function pause() {
    return Math.min(LONGEST_PAUSE, 1000 * Math.pow(2, failures)) * (0.5 + Math.random() / 2);
  }

  function body(messages) {
    var whole = { writeKey: options.key, batch: messages };
    if (!options.clock) whole.sentAt = iso(Date.now()); // corrects a clock that is wrong
    return JSON.stringify(whole);
  }

  function url(path) {
    return options.endpoint + path;
  }

  function send() {
    timer = 0;
    if (flying || !queue.length || state !== "granted") return;
    var batch = queue.slice(0, 2 * BATCH);
    flying = batch.length;
    // text/plain asks for no preflight; keepalive lets it outlive the page.
    fetch(url("/v1/b"), {
      method: "POST", body: body(batch), headers: { "Content-Type": "text/plain" },
      credentials: "omit", keepalive: true
    }).then(function (answer) {
      if (answer.status === 429 || answer.status >= 500) {
        return again(batch, 1000 * answer.headers.get("Retry-After"));
      }
      if (!answer.ok) warn("refused with " + answer.status + "; see Data → Website in Rapport");
      done(batch);
    }, function () {
      again(batch, 0);
    });
  }

  function done(batch) {
    failures = flying = 0;
    queue = queue.filter(function (message) { return batch.indexOf(message) < 0; });
    if (state !== "granted") return;
    save();
    if (queue.length) plan(queue.length >= BATCH ? 0 : WAIT);
  }

  function again(batch, ms) {
    flying = 0;
    failures += 1;
    if (state === "granted") plan(Math.max(ms || 0, pause()));
  }

  /** Send what is left while the page goes away; whatever the browser does not take waits in storage. */
  function leave() {
    dwell();
    if (state !== "granted" || !navigator.sendBeacon || navigator.onLine === false) return;
    while (queue.length > flying) {
      var count = queue.length - flying, text;
      do {
        text = body(queue.slice(flying, flying + count));
        count = text.length > BEACON_BYTES ? Math.floor(count / 2) : count;
      } while (count && text.length > BEACON_BYTES);
      if (!count || !navigator.sendBeacon(url("/v1/b"), text)) break;
      queue.splice(flying, count);
    }
    save();
  }

  // What visitors do -----------------------------------------------------------------------------

  function track(name, properties) {
    add("track", { event: name, properties: properties || {} });
  }

  function merged(a, b) {
    return Object.assign({}, a, b);
  }

  /** Tell how long the product was visible since the last time. */
  function dwell() {
    if (!product) return;
    if (product.since) product.seen += now() - product.since;
    product.since = 0;
    var seconds = Math.round(product.seen / 100) / 10;
    product.seen = 0;
    if (seconds >= 1) track("Product Dwelled", { sku: product.sku, dwell_seconds: seconds });
  }

  function visible() {
    return document.visibilityState !== "hidden";
  }

  function look() {
    var element = document.querySelector("[data-rapport-product]");
    if (element) rapport.product(element.dataset.rapportProduct);
  }

  function line(data) {
    var found = {};
    ["price", "currency", "quantity"].forEach(function (name) {
      if (data[name]) found[name] = name === "currency" ? data[name] : Number(data[name]);
    });
    return found;
  }

  function moved() {
    if (address === location.pathname + location.search) return;
    rapport.page();
    look();
  }

  function listen() {
    ["pushState", "replaceState"].forEach(function (name) {
      var original = history[name];
      history[name] = function () {
        var answer = original.apply(this, arguments);
        if (options.pages) setTimeout(moved); // after the page has its new title
        return answer;
      };
    });
    window.addEventListener("popstate", function () { if (options.pages) setTimeout(moved); });
    window.addEventListener("online", function () { failures = 0; if (options) plan(0); });
    window.addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", function () {
      if (!visible()) leave();
      else if (product) product.since = now();
    });
    document.addEventListener("click", function (event) { acted(event, "BUTTON"); }, true);
    document.addEventListener("submit", function (event) { acted(event, "FORM"); }, true);
  }

  /** Understand data-rapport-add, -remove and -search on buttons, links and forms. */
  function acted(event, tag) {
    var element = event.target.closest && event.target.closest(
      "[data-rapport-add],[data-rapport-remove],[data-rapport-search]");
    if (!element || (tag === "FORM") !== (element.tagName === "FORM")) return;
    var data = element.dataset;
    var quantity = tag === "FORM" && element.elements.quantity;
    var fields = merged(line(data), quantity ? { quantity: Number(quantity.value) } : {});
    if (data.rapportAdd) rapport.added(data.rapportAdd, fields);
    if (data.rapportRemove) rapport.removed(data.rapportRemove, fields);
    if (data.rapportSearch && element.elements[data.rapportSearch]) {
      rapport.search(element.elements[data.rapportSearch].value);
    }
  }

  var rapport = {
    /** Begin. Once a page: {key, endpoint, consent, pages, honourSignals, cookieDomain, clock}. */
    init: function (given) {
      if (options) return warn("init was called twice");
      options = merged({
        endpoint: script ? new URL(script.src).origin : location.origin,
        consent: "pending", pages: true, honourSignals: true
      }, given);
      options.endpoint = options.endpoint.replace(/\/+$/, "");
      listen();
      rapport.consent(options.consent);
      if (options.pages) rapport.page();
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
      else look();
    },

    /** Say what the visitor decided: "granted", "denied" or "pending". */
    consent: function (decision) {
      if (!options) return;
      var signal = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
      state = options.honourSignals && signal ? "denied" : decision;
      if (state === "denied") return forget();
      if (state !== "granted") return;
      if (!who) recall();
      if (early) rapport.identify(early.userId, null, early);
      early = null;
      queue.forEach(function (message) { if (!message.anonymousId) sign(message); });
      adopt();
      save();
      if (queue.length) plan(queue.length >= BATCH ? 0 : WAIT);
    },

    page: function (name, properties) {
      dwell();
      product = null;
      address = location.pathname + location.search;
      add("page", { name: name || document.title, properties: properties || {} });
    },

    product: function (sku, properties) {
      dwell();
      product = { sku: sku, since: options && visible() ? now() : 0, seen: 0 };
      track("Product Viewed", merged(properties, { sku: sku }));
    },

    search: function (query, properties) {
      if (query && query.trim()) track("Products Searched", merged(properties, { query: query.trim() }));
    },

    added: function (sku, properties) {
      track("Product Added", merged({ quantity: 1 }, merged(properties, { sku: sku })));
    },

    removed: function (sku, properties) {
      track("Product Removed", merged({ quantity: 1 }, merged(properties, { sku: sku })));
    },

    /** {order_id, value, currency, products: [{sku, quantity, price}]} */
    checkout: function (order) { track("Checkout Started", order); },

    /** The same, once the order stands. */
    purchase: function (order) { track("Order Completed", order); },

    track: track,

    /** Say who the visitor is. `proof.signature` comes from your server. */
    identify: function (id, traits, proof) {
      if (!options || state === "denied") return;
      id = String(id);
      proof = proof || {};
      if (!who) { // before consent it waits in memory
        early = { userId: id, signature: proof.signature };
        if (traits) add("identify", { userId: id, traits: traits });
        return;
      }
      if (who.userId && who.userId !== id) rapport.reset(); // another person on this machine
      var news = who.userId !== id || traits;
      who.userId = id;
      who.signature = proof.signature || who.signature;
      remember();
      if (news) add("identify", { userId: id, traits: traits || {} });
    },

    /** Forget who it is, as on signing out. */
    reset: function () {
      if (!options) return;
      dwell();
      early = null;
      if (who) {
        who = { anonymousId: uid() };
        remember();
      }
    },

    /** Ask for products for this visitor: {limit, objective} → a promise of [{sku, rank, reason}]. */
    recommendations: function (wish) {
      if (!options || state !== "granted") return Promise.resolve([]);
      var known = who.userId && who.signature;
      var path = known ? "customers/" + encodeURIComponent(who.userId) : "visitors/" + who.anonymousId;
      var headers = { Authorization: "Api-Key " + options.key };
      if (known) headers["Rapport-Signature"] = who.signature;
      wish = merged({ limit: 6 }, wish);
      if (!known) delete wish.objective;
      return fetch(url("/api/v1/" + path + "/recommendations?" + new URLSearchParams(wish)), {
        headers: headers, credentials: "omit"
      }).then(function (answer) {
        return answer.ok ? answer.json() : Promise.reject(new Error("rapport: " + answer.status));
      }).then(function (found) { return found.items; });
    },

    /** Send at once what waits. */
    flush: function () { if (options) plan(0); }
  };

  // Calls made before the script arrived wait in an array: window.rapport = [["init", {…}], …].
  var waiting = window.rapport;
  window.rapport = rapport;
  if (script && script.dataset.key) {
    rapport.init({
      key: script.dataset.key,
      endpoint: script.dataset.endpoint || new URL(script.src).origin,
      consent: script.dataset.consent || "pending"
    });
  }
  if (Array.isArray(waiting)) {
    waiting.forEach(function (call) { rapport[call[0]].apply(null, call.slice(1)); });
  }
})(window, document, navigator);
