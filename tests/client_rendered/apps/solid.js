import { createSignal, For, onMount } from "solid-js";
import html from "solid-js/html";
import { render } from "solid-js/web";
import { follow, kind, place } from "./shop.js";

function Shop() {
  const [offers, setOffers] = createSignal([]);
  const [tab, setTab] = createSignal("offers");
  onMount(() => void follow(setOffers));
  const tabs = html`<nav><button onClick=${() => setTab("offers")}>offers</button><button onClick=${() => setTab("about")}>about</button></nav>`;
  const list = html`<ul><${For} each=${offers}>${(one) => html`<li><h2>${one.name}</h2><b class="price">${one.price}</b><p>${one.words}</p></li>`}<//></ul>`;
  return html`<main><h1>The shop</h1>${kind === "tabs" ? tabs : null}${() => (tab() === "offers" ? list : html`<p>About us</p>`)}</main>`;
}

render(Shop, place());
