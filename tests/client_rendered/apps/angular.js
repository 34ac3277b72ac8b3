import { providers, Shop } from "./angular-shop.js";
import { bootstrapApplication, provideClientHydration } from "@angular/platform-browser";
import { kind } from "./shop.js";

bootstrapApplication(Shop, { providers: kind === "whole" ? [...providers, provideClientHydration()] : providers });
