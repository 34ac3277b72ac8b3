import { createApp, createSSRApp, h, onMounted, ref } from "vue";
import { follow, kind, offersOf, place } from "./shop.js";

export const Shop = {
  props: ["first"],
  setup(props) {
    const offers = ref(props.first);
    const tab = ref("offers");
    onMounted(() => kind === "whole" || follow((found) => { offers.value = found; }));
    return () => h("main", [
      h("h1", "The shop"),
      kind === "tabs" ? h("nav", ["offers", "about"].map((name) => h("button", { onClick: () => { tab.value = name; } }, name))) : null,
      tab.value === "offers"
        ? h("ul", offers.value.map((one) => h("li", { key: one.id }, [h("h2", one.name), h("b", { class: "price" }, one.price), h("p", one.words)])))
        : h("p", "About us"),
    ]);
  },
};

if (globalThis.document) {
  if (kind === "whole") createSSRApp(Shop, { first: offersOf(1) }).mount(place());
  else createApp(Shop, { first: [] }).mount(place());
}
