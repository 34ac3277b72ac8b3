import "@angular/compiler"; // templates are compiled in the page: no build step of Angular's own
import { Component, provideZonelessChangeDetection, signal } from "@angular/core";
import { follow, kind, offersOf } from "./shop.js";

export class Shop {
  kind = kind;
  offers = signal(kind === "whole" ? offersOf(1) : []);
  tab = signal("offers");

  constructor() {
    if (kind !== "whole") follow((found) => this.offers.set(found));
  }
}

Component({
  selector: "app-root",
  template: `<main><h1>The shop</h1>
    @if (kind === "tabs") { <nav><button (click)="tab.set('offers')">offers</button><button (click)="tab.set('about')">about</button></nav> }
    @if (tab() === "offers") {
      <ul>@for (one of offers(); track one.id) { <li><h2>{{ one.name }}</h2><b class="price">{{ one.price }}</b><p>{{ one.words }}</p></li> }</ul>
    } @else { <p>About us</p> }</main>`,
})(Shop);

export const providers = [provideZonelessChangeDetection()];
