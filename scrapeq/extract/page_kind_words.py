"""What useless pages call themselves, in the main languages.

Each list is for whole titles, headings or short lines: `says` wants the whole of it, so that an
article about an error is none. A phrase is written in lower case, without a sign at its end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def parts_of(title: str) -> list[str]:
    """A title, and its parts between signs: the name of a site stands before or behind them."""
    folded = fold(title)
    parts = [part for part in map(_trimmed, _SEPARATOR.split(folded)) if part]
    return [_trimmed(folded), *parts]


def fold(text: str) -> str:
    """In one form, in lower case, on one line."""
    return " ".join(unicodedata.normalize("NFKC", text[:500]).casefold().replace("’", "'").split())


def _trimmed(text: str) -> str:
    return text.strip(_SIGNS)


_SIGNS = " .!?…:;,()[]「」。！？¡¿\"'*#>«»-–—|"
_SEPARATOR = re.compile(r"\s+[-–—|·•»«:/]+\s+|\s*[|·•»]\s*|:\s+|\s+\(|\. ")


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(phrases) + ")")


def says(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    """Whether one of the texts, each of them whole, is such a phrase."""
    return any(pattern.fullmatch(text) for text in texts)


_404 = r"(?:(?:error|fehler|erreur|errore|erro|błąd|chyba|hiba|fel|fejl|feil|hata|ошибка|помилка)\s*)?404"

NOT_FOUND = _any(
    r"(?:http )?(?:error |fehler |erreur |errore |erro |ошибка )404(?: \(?not found\)?)?",
    rf"404|{_404}[ ,:-]*(?:error|not found|page not found|file not found|http not found)",
    r"404 (?:seite nicht gefunden|page introuvable|página no encontrada|pagina non trovata)",
    r"(?:(?:the |this |that |requested )*(?:page|url|file|document|content|resource|item|product|article"
    r"|post|entry|listing|job|video|profile|user|topic|thread)(?: you (?:requested|are looking for))?"
    r" )?(?:was |is |could |can)?(?:not |n't )(?:be )?(?:found|exist|available)(?: on this server)?",
    r"(?:the |this |that )?(?:requested )?(?:page|url|file|product|article|post|item|listing|video|job)"
    r"(?: you (?:requested|(?:are|were) looking for))?"
    r" (?:was not found|is not found|not found|(?:could not|cannot|can't|couldn't) be found"
    r"|does(?: not|n't) exist|no longer exists|(?:is|was) no longer available|has been removed"
    r"|isn't available|is not available|is missing)",
    r"(?:oops|uh oh|whoops|sorry|ooops|hoppla|ups)[ ,!.]*(?:404|(?:we )?(?:can't|couldn't|cannot|could not)"
    r" find (?:that|the|this) page|(?:that |this |the )?page (?:not found|can't be found|doesn't exist))",
    r"we (?:can't|couldn't|cannot|could not) find (?:that|the|this) page(?: you(?:'re| are) looking for)?",
    # German, Dutch, Scandinavian
    r"(?:die |diese )?(?:angeforderte |gewünschte )?(?:seite|datei|artikel|produkt|inhalt|anzeige)"
    r" (?:wurde |konnte |existiert )?(?:leider )?nicht (?:mehr )?(?:gefunden|gefunden werden|verfügbar)?",
    r"nicht gefunden|fehler 404|seite existiert nicht(?: mehr)?",
    r"(?:de )?pagina (?:is )?(?:niet|kan niet worden) gevonden|niet gevonden|pagina bestaat niet(?: meer)?",
    r"sidan (?:kunde inte hittas|hittades inte|finns inte)|siden (?:ble|blev) ikke fundet",
    r"siden (?:findes|finnes) ikke|siden (?:blev|ble|kunne) ikke (?:fundet|funnet|findes|finnes)",
    r"sivua ei (?:löytynyt|löydy)",
    # Romance
    r"(?:cette |la )?page (?:demandée )?(?:non trouvée|introuvable|est introuvable|n'existe (?:pas|plus))",
    r"page inexistante|contenu introuvable|(?:article|produit|annonce) introuvable",
    r"(?:la )?página (?:no (?:encontrada|existe|disponible|se encuentra|se ha encontrado)|inexistente)",
    r"(?:no se ha encontrado|no se encontró|no se pudo encontrar) la página|no encontrad[oa]",
    r"(?:la )?pagina (?:non (?:trovata|esiste|disponibile)|inesistente|negăsită|nu a fost găsită)",
    r"(?:a )?página não (?:encontrada|existe|foi encontrada)|não encontrad[oa]",
    # Slavic and others
    r"(?:nie znaleziono|nie odnaleziono) (?:takiej )?strony|strona nie (?:istnieje|została znaleziona)",
    r"stránka (?:nenalezena|nebyla nalezena|neexistuje|sa nenašla)|stránku se nepodařilo najít",
    r"az oldal nem (?:található|létezik)|a keresett oldal nem található",
    r"(?:такая |запрашиваемая )?страница (?:не найдена|не существует|удалена)|не найдено",
    r"сторінк[ау] не (?:знайдено|існує)|страницата не е намерена",
    r"(?:aradığınız )?sayfa (?:bulunamadı|mevcut değil)|η σελίδα δεν βρέθηκε|halaman tidak ditemukan",
    r"không tìm thấy trang|trang không tồn tại|الصفحة غير موجودة|לא נמצא|הדף לא נמצא|ไม่พบหน้า",
    r"(?:お探しの)?ページ(?:が|は)?見つかりません(?:でした)?|ページが存在しません|指定されたページは存在しません",
    r"(?:您访问的|抱歉)?(?:页面|网页|頁面|網頁)(?:不存在|未找到|没有找到|找不到)|找不到(?:该)?(?:页面|网页|頁面|網頁)",
    r"페이지를 찾을 수 없습니다|존재하지 않는 페이지(?:입니다)?",
)

SERVER_ERROR = _any(
    r"(?:error )?50[0234](?: error)?|(?:http )?(?:error )?500[ ,:-]*internal server error",
    r"internal server error|(?:50[234][ ,:-]*)?(?:bad gateway|gateway time-?out|service"
    r"(?: temporarily)? unavailable)",
    r"error establishing a database connection|database error|an error (?:has )?occurred",
    r"(?:application|server|runtime) error|server error in '/[^']{0,40}' application",
    r"something went wrong|(?:site|down|website|under|scheduled)"
    r" (?:is )?(?:down |under |for )*(?:maintenance|under maintenance|down for maintenance)",
    r"maintenance(?: mode)?|briefly unavailable for scheduled maintenance"
    r"(?:\. check back in a minute)?|(?:we'll|we will) be (?:right )?back(?: soon| shortly)?",
    r"wartungs(?:arbeiten|modus)|interner serverfehler|en maintenance|site en maintenance",
    r"erreur interne du serveur|en mantenimiento|sitio en mantenimiento|error interno del servidor",
    r"sito in manutenzione|errore interno del server|em manutenção|site em manutenção",
    r"przerwa techniczna|prace konserwacyjne|технические работы|сайт на обслуживании|ведутся технические работы",
    r"bakım çalışması|メンテナンス中(?:です)?|ただいまメンテナンス中です|系统维护中?|网站维护中|점검 중(?:입니다)?",
)

LOG_IN = _any(
    r"(?:please )?(?:log ?-?in|sign ?-?in|login|log on|sign on)(?: (?:to|with|or|here|required|page|form"
    r"|first)\b.{0,50})?",
    r"(?:member|user|customer|account|client|staff|admin|secure) (?:log ?in|sign ?in|area)",
    r"you (?:must|need to|have to) (?:log|sign) in(?: .{0,50})?|welcome back|authentication required",
    r"(?:bitte )?(?:anmelden|einloggen)|anmeldung|login erforderlich|(?:bei .{1,40} )?anmelden"
    r"|melden sie sich an|log-?in-?bereich|kunden-?login",
    r"(?:se )?connecter|connexion|identification|connectez-vous|s'identifier|identifiez-vous",
    r"iniciar sesión|inicia sesión|inicie sesión|acceder|acceso(?: (?:de )?(?:clientes|usuarios))?|identifícate",
    r"accedi|accesso|login utente|area riservata|effettua (?:il login|l'accesso)",
    r"entrar|iniciar sessão|fazer login|faça (?:o )?login|acesso(?: restrito)?|área do cliente",
    r"inloggen|log in of registreer|aanmelden|logga in|log ind|logg inn|kirjaudu(?: sisään)?",
    r"zaloguj(?: się)?|logowanie|přihlášení|přihlásit(?: se)?|prihlásenie|bejelentkezés|autentificare|conectare",
    r"вход(?: (?:на сайт|в систему|в личный кабинет))?|войти|авторизация|вхід|увійти",
    r"giriş(?: yap)?|oturum aç|σύνδεση|masuk|đăng nhập|تسجيل الدخول|התחברות|เข้าสู่ระบบ",
    r"ログイン|サインイン|登录|登入|用户登录|会员登录|로그인",
)

CHALLENGE = _any(
    r"just a moment|one moment,? please|attention required|access to this page has been denied",
    r"(?:please )?(?:verify|confirm|prove) (?:that )?you(?: are|'re) (?:a )?(?:human|not a robot)",
    r"(?:are you a |i'm not a |you're not a )(?:robot|human)|(?:robot|bot|human|browser|security)"
    r" (?:check|verification|challenge|checkpoint)|robot challenge screen|client challenge",
    r"checking your browser(?: before accessing .{1,60})?|verifying (?:your browser|you are human|your connection)",
    r"pardon our interruption|vercel security checkpoint|ddos-guard|ddos protection by cloudflare",
    r"making sure you're not a bot!?|access denied|unusual traffic(?: detected)?|captcha|recaptcha",
    r"nur einen moment|sicherheitsüberprüfung|sind sie ein mensch|ich bin kein roboter|zugriff verweigert",
    r"un instant|vérification de sécurité|êtes-vous un robot|vérification en cours|accès refusé",
    r"un momento|comprobación de seguridad|verificación de seguridad|no soy un robot|acceso denegado",
    r"verifica di sicurezza|non sono un robot|accesso negato|um momento|verificação de segurança",
    r"weryfikacja|jeszcze chwila|nie jestem robotem|один момент|вы не робот|проверка браузера|доступ запрещён",
    r"bir dakika lütfen|ロボットではありません|しばらくお待ちください|请稍候|安全验证|人机验证|百度安全验证|잠시만 기다리십시오",
)

CONSENT = _any(
    r"before you continue(?: to .{1,40})?|we value your privacy|your privacy (?:choices|matters)",
    r"(?:cookie|privacy|consent) (?:wall|consent|settings|preferences|notice)|cookies? and privacy",
    r"(?:is|are) part of the .{1,30} family of brands|.{1,30} is part of the .{1,30} family of brands",
    r"bevor sie (?:zu .{1,40} )?(?:weitergehen|fortfahren)|(?:ihre )?privatsphäre|datenschutz-?einstellungen",
    r"mit werbung weiterlesen|weiter mit werbung|.{1,30} mit werbung nutzen",
    r"avant d'accéder à .{1,40}|avant de continuer|(?:le respect de )?votre vie privée.{0,40}",
    r"antes de (?:continuar|ir a .{1,40})|(?:tu|su) privacidad(?: es importante)?|prima di continuare(?: su .{1,40})?",
    r"la tua privacy|antes de continuar(?: para .{1,40})?|a sua privacidade|voordat je verdergaat(?: naar .{1,40})?",
    r"zanim przejdziesz(?: do .{1,40})?|szanujemy twoją prywatność|innan du fortsätter(?: till .{1,40})?",
    r"(?:prima|než) (?:budete )?pokračovat|перед тем как продолжить|続行する前に|继续之前",
    r"age (?:verification|check)|(?:please )?(?:verify|confirm) your age|are you (?:over|of) (?:18|21|legal (?:drinking )?age)",
    r"altersprüfung|sind sie (?:über|mindestens) (?:16|18)(?: jahre alt)?|avez-vous (?:plus de )?18 ans"
    r"|¿?eres mayor de (?:edad|18)|sei maggiorenne|você tem mais de 18 anos|вам есть 18(?: лет)?",
)

#: Looked for within a short page. `{host}` is the page's own.
FOR_SALE = re.compile(
    r"(?:this|the) (?:premium )?(?:domain(?: name)?|website)(?: name)? (?:\S{3,60} )?(?:is|may be|could be)"
    r" (?:for sale|available for (?:sale|purchase)|parked)|\S+\.\w{2,10} (?:is|may be) (?:for sale|parked)"
    r"|(?:buy|purchase|get|own) this domain|domain (?:is )?for sale|parked (?:free|domain)|domain parking"
    r"|(?:diese )?domain (?:\S{3,60} )?(?:steht zum verkauf|ist (?:zu verkaufen|geparkt|zu verkaufen))|domain kaufen"
    r"|(?:ce|le) (?:nom de )?domaine (?:\S{3,60} )?(?:est à vendre|est peut-être à vendre|est en vente)"
    r"|(?:este|el) dominio (?:\S{3,60} )?(?:está (?:a la|en) venta|puede estar en venta)"
    r"|questo dominio (?:\S{3,60} )?(?:è in vendita|potrebbe essere in vendita)"
    r"|este domínio (?:\S{3,60} )?(?:está à venda|pode estar à venda)"
    r"|(?:deze|dit) domein(?:naam)? (?:\S{3,60} )?(?:is te koop|staat te koop)|(?:ta )?domena (?:\S{3,60} )?jest na sprzedaż"
    r"|(?:этот )?домен (?:\S{3,60} )?(?:продаётся|продается|припаркован|выставлен на продажу)"
    r"|此域名(?:正在)?(?:出售|可以购买)|域名出售|このドメインは(?:販売中|売り出し中)|이 도메인은 판매 중"
    r"|bu alan adı satılıktır"
)

SERVER_DEFAULT = _any(
    r"welcome to (?:nginx|openresty|caddy|centos|tengine)|apache2 (?:ubuntu|debian) default page",
    r"(?:apache )?(?:http server )?test page(?: for the (?:apache|nginx) http server)?(?: .{0,60})?",
    r"test page for the (?:apache http server|nginx http server|http server).{0,60}",
    r"iis(?: ?\d+)?(?: windows server)?|default (?:web site|parallels plesk|plesk) page|domain default page",
    r"web server's default page|it works|future home of something quite cool|site under construction",
    r"coming soon|under construction|website coming soon|hier entsteht eine neue (?:website|internetpräsenz|webseite)",
    r"(?:site|page) en construction|(?:sitio|página) en construcción|sito in costruzione|сайт находится в разработке",
)

NO_RESULTS = re.compile(
    r"\b(?:no|0|zero) (?:search )?(?:results|matches|hits|items|products|articles|entries)\b"
    r"(?! (?:page|guarantee))|(?:did not match any|didn't match any|nothing (?:was )?found|returned no results"
    r"|no products were found|we (?:couldn't|could not|didn't) find (?:any|anything))"
    r"|\b(?:keine|0) (?:ergebnisse|treffer|suchergebnisse|artikel gefunden|produkte gefunden)\b"
    r"|\b(?:aucun|0) (?:résultat|article|produit)s?\b|\b(?:no se (?:han )?encontr\w+|sin|0|ningún) (?:resultados?|productos)\b"
    r"|\b(?:nessun|0) risultat[oi]\b|\b(?:nenhum|0) resultados?\b|\b(?:geen|0) (?:resultaten|producten)\b"
    r"|\bbrak wyników\b|\b(?:inga|0) (?:träffar|resultat)\b|\bingen (?:resultater|treff)\b|\bei (?:tuloksia|hakutuloksia)\b"
    r"|\bžádné výsledky\b|\bnincs találat\b|ничего не найдено|нет результатов|нічого не знайдено|sonuç bulunamadı"
    r"|該当する(?:商品|記事|結果)は(?:あり|見つかり)ません|検索結果(?:は)?0件|見つかりませんでした|没有找到(?:相关|符合)|未找到相关|검색 결과가 없습니다"
    r"|لا توجد نتائج"
)

#: That scripts are to be switched on.
ENABLE_SCRIPTS = re.compile(
    r"(?:enabl\w+|turn on|activat\w+|requires?|need\w*|allow|without|support|aktivier\w+|einschalten|benötigt"
    r"|activ\w+|habilit\w+|attiva\w*|abilita\w*|włącz\w*|zapn\w+|povol\w+|aktivera|aktivér|включ\w+|увімкн\w+"
    r"|inschakelen|etkinleştir\w*|有効|启用|啟用|활성화|requiert|nécessite|requiere|richiede|requer|vereist|wymaga|требует\w*|kräver)"
    r".{0,80}java ?script|java ?script.{0,80}(?:enabl\w+|turned on|activat\w+|required|disabled|aktivier\w+"
    r"|eingeschaltet|deaktiviert|benötigt|activ\w+|désactivé|habilit\w+|attiv\w+|abilit\w+|włącz\w*|zapn\w+"
    r"|povol\w+|включ\w+|отключ\w+|inschakelen|ingeschakeld|etkin\w*|有効|無効|启用|啟用|활성화)"
)
