// What a page may see of being driven, of which the browser's own switches say nothing. A Proxy of a
// native function still calls itself native code. See docs/how-to/browser.md, "use_stealth".
(() => {
  const wrap = (place, name, apply) => {
    const real = place[name];
    if (typeof real === "function") place[name] = new Proxy(real, { apply });
  };
  // Playwright listens to the console, so V8 describes to it what is logged, and asks an Error for its
  // stack: a page that logs one sees that. A person's console is closed, and describes nothing.
  const bare = (one) => (Object(one) === one ? "[object]" : one);
  for (const name of Object.keys(console))
    wrap(console, name, (real, self, given) => Reflect.apply(real, self, given.map(bare)));
  // No service worker, as ever: Playwright's own refusal has its name in the text of the function.
  if (globalThis.ServiceWorkerContainer)
    wrap(ServiceWorkerContainer.prototype, "register", () =>
      Promise.reject(new DOMException("The document is in an invalid state.", "InvalidStateError")),
    );
})();
