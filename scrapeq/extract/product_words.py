"""Words by which a page that sells something tells what stands where, in many languages."""

from __future__ import annotations

import re

#: Schema.org's words for what can be bought.
AVAILABLE = frozenset(
    ["InStock", "LimitedAvailability", "OnlineOnly", "InStoreOnly", "PreOrder", "PreSale", "BackOrder", "MadeToOrder"]
)  # fmt: skip


#: What a button says that puts a thing into a cart.
CART = re.compile(
    r"add[ _-]?to[ _-]?(?:\w+[ _-])?(?:cart|bag|basket|trolley)|addtocart|addtobasket|add2cart|buy[ _-]?(?:it[ _-])?now"
    r"|place[ _-]bid|in den (?:einkaufs|waren)?(?:wagen|korb)|jetzt kaufen|ajouter au panier|acheter"
    r"|aggiungi al carrello|acquista|añadir (?:al carrito|a la cesta)|agregar al carro|comprar|adicionar ao carrinho"
    r"|do koszyka|kup teraz|do košíku|do košíka|v košarico|u košaricu|adaugă în coș|adauga in cos|kosárba"
    r"|lisa(?:a)? (?:ostos)?korvi|lisää ostoskoriin|lägg i (?:varukorg|kundvagn)|læg i kurv|legg i handlekurv"
    r"|in winkelwagen|sepete ekle|в корзину|купить|в кошик|加入購物車|立即購買|加入购物车|カートに入れる|장바구니|구매하기"
    r"|أضف (?:إلى|الى)|הוס[ףפ] לסל",
    re.IGNORECASE,
)
#: A short line that says that there is none.
GONE = re.compile(
    r"^(?:(?:this |the )?(?:item|product) (?:is )?)?(?:currently |temporarily )?(?:out of stock|sold out|unavailable"
    r"|not available|no longer available|discontinued)\b"
    r"|^(?:derzeit |momentan |leider )?(?:nicht (?:verfügbar|auf lager|lieferbar)|ausverkauft)"
    r"|^(?:actuellement |temporairement )?(?:indisponible|en rupture|rupture de stock|épuisé)"
    r"|^(?:attualmente )?(?:non disponibile|esaurito)|^(?:actualmente |temporalmente )?(?:no disponible|agotado|sin stock)"
    r"|^(?:indisponível|esgotado|produto indisponível)|^(?:momenteel )?(?:uitverkocht|niet (?:op voorraad|leverbaar))"
    r"|^(?:produkt )?(?:niedostępny|wyprzedany|brak w magazynie)|^(?:vyprodáno|vypredané|nedostupn)|^(?:нет в наличии|распродано)"
    r"|^(?:slutsåld|udsolgt|utsolgt|loppuunmyyty|elfogyott|stoc epuizat|indisponibil)|^(?:售完|缺貨|已售完|品切れ|在庫なし|품절)",
    re.IGNORECASE,
)
#: Names of elements with another price: an old one, one by unit, of delivery, of another product.
OTHER_PRICES = re.compile(
    r"\bold|old[-_]|_old|was\b|[-_]was|strike|striked|crossed|before|original|regular-?price-?old|compare|rrp|uvp|msrp"
    r"|previous|list-?price|full-?price|shipping|delivery|versand|livraison|per-?unit|unit-?price|ppu|base-?price-?unit"
    r"|installment|finance|monthly|saving|save|discount-?(?:amount|percent)|related|recommend|similar|carousel|also"
    r"|crosssell|cross-sell|upsell|sponsored|recently|viewed|accessor|basket|minicart|mini-cart|cart-total|subtotal|total"
    r"|filter|range|slider|footer|header|nav|menu|bundle"
)

_SKU = (
    r"sku", r"asin", r"item (?:no|nr|number|code|id|#)\.?", r"product (?:no|nr|number|code|id)\.?", r"model (?:no|number)\.?",
    r"art(?:ikel|icle)?\.? ?-?(?:nr|no|nummer|number|code)\.?", r"artikelnummer", r"artnr\.?", r"bestell-?(?:nr|nummer)\.?",
    r"produktnummer", r"produkt-?nr\.?", r"réf(?:érence)?\.?", r"ref(?:erence|erencia|erência)?\.?", r"codice(?: (?:articolo|prodotto))?",
    r"cod\.?(?: (?:produs|articolo|prod))?\.?", r"código(?: (?:do produto|de producto))?", r"kod(?: (?:produktu|towaru|producenta))?",
    r"(?:numer|nr) (?:katalogowy|ref\.?|referencyjny)", r"katalogov[eé] číslo", r"(?:objednac[ií]|objednávac[ií]) (?:kód|číslo)",
    r"kód(?: (?:produktu|tovaru|zboží))?", r"šifra(?: (?:izdelka|proizvoda|artikla))?", r"артикул", r"код(?: товара)?", r"cikkszám",
    r"tuotenumero", r"tootekood", r"varenummer", r"varenr\.?", r"productnummer", r"artikelcode", r"listing id", r"ad id", r"post id",
    r"商品編號", r"商品番号", r"品番", r"貨號", r"상품번호", r"מק\"ט", r"رقم المنتج", r"ebay item number", r"ean / sku",
)  # fmt: skip
_BRAND = (
    r"brand(?: name)?", r"marke", r"marque", r"marca", r"merk", r"märke", r"mærke", r"merke", r"značka", r"znamka", r"marka", r"бренд",
    r"производитель", r"hersteller", r"fabricant", r"manufacturer", r"produttore", r"fabricante", r"výrobce", r"výrobca", r"producent",
    r"proizvajalec", r"proizvođač", r"tootja", r"valmistaja", r"brändi", r"品牌", r"ブランド", r"브랜드",
)  # fmt: skip
#: What a label is, as a whole.
LABELS = {
    "sku": re.compile("|".join(_SKU), re.IGNORECASE),
    "gtin": re.compile(
        r"gtin(?:-?1[234])?|ean(?:-?13)?(?:[ -]?code| kód)?|upc|isbn(?:-1[03])?|bar ?code",
        re.IGNORECASE,
    ),
    "brand": re.compile("|".join(_BRAND), re.IGNORECASE),
}
