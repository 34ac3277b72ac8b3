import { html, LitElement } from "lit";
import { follow, kind } from "./shop.js";

// Two elements, each with a shadow root of its own.
class ShopOffer extends LitElement {
  static properties = { offer: {} };

  render() {
    const { name, price, words } = this.offer;
    return html`<h2>${name}</h2><b class="price">${price}</b><p>${words}</p>`;
  }
}

class ShopPage extends LitElement {
  static properties = { offers: { state: true }, tab: { state: true } };

  constructor() {
    super();
    this.offers = [];
    this.tab = "offers";
    follow((found) => { this.offers = found; });
  }

  render() {
    const tabs = ["offers", "about"].map((name) => html`<button @click=${() => { this.tab = name; }}>${name}</button>`);
    return html`<main><h1>The shop</h1>${kind === "tabs" ? html`<nav>${tabs}</nav>` : null}
      ${this.tab === "offers" ? this.offers.map((one) => html`<shop-offer .offer=${one}></shop-offer>`) : html`<p>About us</p>`}</main>`;
  }
}

customElements.define("shop-offer", ShopOffer);
customElements.define("shop-page", ShopPage);
