// What every app draws: the same offers, by the kind of its page (see ../build.mjs).
const WORDS = "made by hand of solid oak and brass, sent within two days, and taken back for a year";

export const PER_PAGE = 8;

export function offersOf(number) {
  return Array.from({ length: PER_PAGE }, (_, at) => {
    const id = (number - 1) * PER_PAGE + at + 1;
    return { id, name: `Lantern ${id}`, price: `${10 + id}.50 EUR`, words: `Number ${id}, ${WORDS}.` };
  });
}

export const kind = globalThis.document?.documentElement.dataset.page ?? "whole";

export function place() {
  return document.querySelector("#root, #app, #__next, #mount, app-root");
}

const soon = (ms) => new Promise((done) => setTimeout(done, ms));

// Gives `show` the offers as they come: at once, from an API, from a module, or as the list is seen.
export async function follow(show) {
  if (kind === "late") {
    const answer = await fetch("/api/offers");
    show((await answer.json()).offers);
  } else if (kind === "chained") {
    const { next } = await (await fetch("/api/where")).json();
    await soon(150);
    show((await (await fetch(next)).json()).offers);
  } else if (kind === "lazy") {
    const { offers } = await import(new URL("/built/lazy.js", location.href).href);
    show(offers);
  } else if (kind === "timer") {
    await soon(400);
    show(offersOf(1));
  } else if (kind === "endless") {
    let number = 1;
    let offers = offersOf(number);
    show(offers);
    const end = document.createElement("div");
    document.body.append(end);
    new IntersectionObserver(([entry], observer) => {
      if (!entry.isIntersecting) return;
      number += 1;
      offers = [...offers, ...offersOf(number)];
      show(offers);
      observer.unobserve(end);
      if (number < 40) setTimeout(() => observer.observe(end), 20);
    }).observe(end);
  } else {
    show(offersOf(1));
  }
}
