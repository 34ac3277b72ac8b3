import { follow, kind, place } from "./shop.js";

// No framework: a list made by hand, or a frame with one.
if (kind === "frame") {
  place().innerHTML = '<h1>The shop</h1><iframe src="/page/plain-late"></iframe>';
} else {
  place().innerHTML = "<main><h1>The shop</h1><ul></ul></main>";
  follow((offers) => {
    document.querySelector("ul").innerHTML = offers
      .map((one) => `<li><h2>${one.name}</h2><b class="price">${one.price}</b><p>${one.words}</p></li>`)
      .join("");
  });
}
