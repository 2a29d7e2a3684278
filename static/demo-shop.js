/* What a shop does with Rapport's snippet: consent, who it is, orders, and its own drawing of the picks. */
(function () {
  "use strict";

  var CHOICE = "demo-shop-choice"; // the visitor's decision: needed to respect it
  var DAY = 86400000;

  function facts(id) {
    var element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  }

  var shop = facts("shop-snippet") || {};
  var rapport = window.rapport;
  if (!shop.key || !rapport) return;

  var choice = localStorage.getItem(CHOICE) || "pending";
  var options = { key: shop.key, endpoint: location.origin, consent: choice, honourSignals: false };
  if (shop.day) {
    var day = Date.parse(shop.day);
    options.clock = function () { return day + Date.now() % DAY; };
  }
  rapport.init(options);
  if (shop.customer) rapport.identify(shop.customer, null, { signature: shop.signature });
  else if (localStorage.getItem("demo-shop-customer")) rapport.reset();
  if (shop.customer) localStorage.setItem("demo-shop-customer", "1");
  else localStorage.removeItem("demo-shop-customer");

  var checkout = facts("shop-checkout");
  if (checkout) {
    delete checkout.order_id; // it has none yet
    rapport.checkout(checkout);
  }
  var order = facts("shop-order");
  if (order && sessionStorage.getItem("demo-shop-order") !== order.order_id) {
    sessionStorage.setItem("demo-shop-order", order.order_id); // a reload is no second order
    rapport.purchase(order);
  }

  // Consent --------------------------------------------------------------------------------------

  var banner = document.getElementById("consent");
  var again = document.getElementById("choose-again");
  banner.hidden = choice !== "pending";
  again.hidden = choice === "pending";
  again.addEventListener("click", function () {
    banner.hidden = false;
    banner.querySelector("button").focus();
  });
  banner.addEventListener("click", function (event) {
    var decision = event.target.dataset.consent;
    if (!decision) return;
    choice = decision;
    localStorage.setItem(CHOICE, decision);
    rapport.consent(decision);
    if (decision === "granted" && shop.customer) {
      rapport.identify(shop.customer, null, { signature: shop.signature });
    }
    banner.hidden = true;
    again.hidden = false;
    picks();
  });

  // Picks ----------------------------------------------------------------------------------------

  function picks() {
    var strip = document.getElementById("for-you");
    if (!strip) return;
    var note = strip.querySelector(".note");
    var list = strip.querySelector(".cards");
    function say(text) {
      note.textContent = text;
      note.hidden = !text;
    }
    if (choice !== "granted") {
      list.replaceChildren();
      return say(strip.dataset.denied);
    }
    rapport.recommendations({ limit: 6, objective: "replenish" }).then(function (items) {
      if (!items.length) return say(strip.dataset.empty);
      var query = new URLSearchParams(items.map(function (item) { return ["sku", item.sku]; }));
      return fetch(shop.cards + "?" + query).then(function (answer) { return answer.text(); }).then(function (html) {
        list.innerHTML = html; // drawn by our own server
        items.forEach(function (item) {
          var card = list.querySelector('[data-sku="' + CSS.escape(item.sku) + '"] .why');
          if (card) card.textContent = item.reason;
        });
        say("");
      });
    }).catch(function () { say(strip.dataset.failed); });
  }
  picks();
})();
