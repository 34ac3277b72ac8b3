"""What the little web's pages say: phrases that make sentences in eight languages.

Any subject goes with any predicate and any circumstance, so a language detector, a readability
rule and a person all find ordinary prose, and eight of each make 512 sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Language:
    """One language: its code, the charset its older sites use, and the three parts of a sentence."""

    code: str
    legacy_charset: str
    subjects: tuple[str, ...]
    predicates: tuple[str, ...]
    circumstances: tuple[str, ...]
    space: str = " "
    stop: str = "."
    circumstance_first: bool = False

    def headline(self, random: Random) -> str:
        """A subject and what it did, without a full stop."""
        return random.choice(self.subjects) + self.space + random.choice(self.predicates)

    def sentence(self, random: Random) -> str:
        """A headline and its circumstance, in this language's order, with a full stop."""
        parts = [self.headline(random), random.choice(self.circumstances)]
        return self.space.join(reversed(parts) if self.circumstance_first else parts) + self.stop


def _parts(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


ENGLISH = Language(
    "en",
    "windows-1252",
    _parts("""
        The harbour office
        A small bakery on Mill Street
        The town’s oldest library
        Our correspondent in the valley
        The new ferry company
        A group of young engineers
        The museum of clocks
        The council for rivers and bridges"""),
    _parts("""
        published the figures for the spring
        opened its doors to more visitors than ever
        repaired the roof that had leaked for years
        asked for a second opinion about the plans
        sold the last of its wooden boats
        found a letter nobody had read before
        promised lower prices and longer hours
        moved its workshop to the other side of the water"""),
    _parts("""
        after a long night of talks
        although the weather had been against it
        because the neighbours had asked for years
        with a little help from the school next door
        on the first market day of the month
        while the rest of the country looked elsewhere
        before anybody thought to count the cost
        in spite of everything that had been written about it"""),
)

GERMAN = Language(
    "de",
    "iso-8859-1",
    _parts("""
        Die Hafenbehörde
        Eine kleine Bäckerei in der Mühlgasse
        Die älteste Bücherei der Stadt
        Unser Berichterstatter im Tal
        Die neue Fährgesellschaft
        Eine Gruppe junger Ingenieurinnen
        Das Museum für Uhren
        Der Rat für Flüsse und Brücken"""),
    _parts("""
        hat die Zahlen für das Frühjahr veröffentlicht
        hat mehr Gäste empfangen als je zuvor
        hat das seit Jahren undichte Dach geflickt
        hat eine zweite Meinung zu den Plänen verlangt
        hat das letzte seiner Holzboote verkauft
        hat einen nie gelesenen Brief gefunden
        hat niedrigere Preise und längere Öffnungszeiten versprochen
        hat die Werkstatt ans andere Ufer verlegt"""),
    _parts("""
        nach einer langen Nacht voller Gespräche
        obwohl das Wetter dagegen sprach
        weil die Nachbarn seit Jahren darum gebeten hatten
        mit ein wenig Hilfe aus der Schule nebenan
        am ersten Markttag des Monats
        während der Rest des Landes wegsah
        bevor jemand an die Kosten dachte
        trotz allem, was darüber geschrieben wurde"""),
)

FRENCH = Language(
    "fr",
    "iso-8859-15",
    _parts("""
        La capitainerie du port
        Une petite boulangerie de la rue du Moulin
        La plus ancienne bibliothèque de la ville
        Notre correspondante dans la vallée
        La nouvelle compagnie de bacs
        Un groupe de jeunes ingénieurs
        Le musée des horloges
        Le conseil des rivières et des ponts"""),
    _parts("""
        a publié les chiffres du printemps
        a reçu plus de visiteurs que jamais
        a réparé le toit qui fuyait depuis des années
        a demandé un second avis sur les plans
        a vendu le dernier de ses bateaux en bois
        a retrouvé une lettre que personne n’avait lue
        a promis des prix plus bas et des horaires plus longs
        a déplacé son atelier de l’autre côté de l’eau"""),
    _parts("""
        après une longue nuit de discussions
        bien que le temps fût contraire
        parce que les voisins le demandaient depuis longtemps
        avec un peu d’aide de l’école d’à côté
        le premier jour de marché du mois
        pendant que le reste du pays regardait ailleurs
        avant que quiconque ne songe à la dépense
        malgré tout ce qu’on avait écrit à ce sujet"""),
)

SPANISH = Language(
    "es",
    "windows-1252",
    _parts("""
        La oficina del puerto
        Una pequeña panadería de la calle del Molino
        La biblioteca más antigua de la ciudad
        Nuestra corresponsal en el valle
        La nueva compañía de transbordadores
        Un grupo de jóvenes ingenieras
        El museo de los relojes
        El consejo de ríos y puentes"""),
    _parts("""
        publicó las cifras de la primavera
        recibió más visitantes que nunca
        reparó el tejado que goteaba desde hacía años
        pidió una segunda opinión sobre los planos
        vendió la última de sus barcas de madera
        encontró una carta que nadie había leído
        prometió precios más bajos y horarios más largos
        trasladó su taller al otro lado del agua"""),
    _parts("""
        después de una larga noche de conversaciones
        aunque el tiempo estaba en contra
        porque los vecinos lo pedían desde hacía años
        con un poco de ayuda de la escuela de al lado
        el primer día de mercado del mes
        mientras el resto del país miraba a otra parte
        antes de que nadie pensara en el gasto
        a pesar de todo lo que se había escrito"""),
)

POLISH = Language(
    "pl",
    "iso-8859-2",
    _parts("""
        Najstarsza biblioteka w mieście
        Mała piekarnia przy ulicy Młyńskiej
        Nowa spółka promowa
        Nasza korespondentka w dolinie
        Grupa młodych konstruktorek
        Galeria starych zegarów
        Rada do spraw rzek i mostów
        Straż portowa"""),
    _parts("""
        ogłosiła wyniki za wiosnę
        przyjęła więcej gości niż kiedykolwiek
        naprawiła dach, który przeciekał od lat
        poprosiła o drugą opinię w sprawie planów
        sprzedała ostatnią ze swoich drewnianych łodzi
        znalazła list, którego nikt wcześniej nie czytał
        obiecała niższe ceny i dłuższe godziny otwarcia
        przeniosła warsztat na drugą stronę wody"""),
    _parts("""
        po długiej nocy pełnej rozmów
        chociaż pogoda temu nie sprzyjała
        ponieważ sąsiedzi prosili o to od lat
        z niewielką pomocą pobliskiej szkoły
        w pierwszy dzień targowy miesiąca
        podczas gdy reszta kraju patrzyła gdzie indziej
        zanim ktokolwiek pomyślał o kosztach
        mimo wszystkiego, co o tym napisano"""),
)

RUSSIAN = Language(
    "ru",
    "windows-1251",
    _parts("""
        Старейшая библиотека города
        Маленькая пекарня на Мельничной улице
        Новая паромная компания
        Наша корреспондентка в долине
        Группа молодых инженеров
        Мастерская старинных часов
        Комиссия по рекам и мостам
        Служба порта"""),
    _parts("""
        опубликовала данные за весну
        приняла больше гостей, чем когда-либо
        починила крышу, которая протекала много лет
        попросила ещё раз проверить планы
        продала последнюю из своих деревянных лодок
        нашла письмо, которое никто раньше не читал
        пообещала снизить цены и работать дольше
        перенесла своё дело на другой берег"""),
    _parts("""
        после долгой ночи переговоров
        хотя погода была против
        потому что соседи просили об этом годами
        с небольшой помощью соседней школы
        в первый базарный день месяца
        пока остальная страна смотрела в другую сторону
        прежде чем кто-нибудь подумал о расходах
        несмотря на всё, что об этом писали"""),
)

JAPANESE = Language(
    "ja",
    "shift_jis",
    _parts("""
        港の事務所は
        水車通りの小さなパン屋は
        町でいちばん古い図書館は
        谷に住む記者は
        新しい渡し船の会社は
        若い技術者のグループは
        時計の博物館は
        川と橋の委員会は"""),
    _parts("""
        春の数字を発表した
        これまでになく多くの客を迎えた
        何年も雨漏りしていた屋根を直した
        計画についてもう一度意見を求めた
        最後の木の船を売った
        誰も読んだことのない手紙を見つけた
        値下げと営業時間の延長を約束した
        工房を川の向こう側に移した"""),
    _parts("""
        長い話し合いの夜のあとで、
        天気には恵まれなかったが、
        近所の人たちが長年頼んでいたので、
        隣の学校に少し手伝ってもらい、
        月の最初の市の日に、
        ほかの地方が気にしないうちに、
        費用のことを誰も考えないうちに、
        いろいろと書かれたにもかかわらず、"""),
    space="",
    stop="。",
    circumstance_first=True,
)

CHINESE = Language(
    "zh",
    "gbk",
    _parts("""
        港口办公室
        磨坊街的一家小面包店
        城里最古老的图书馆
        我们在山谷里的记者
        新的渡轮公司
        一群年轻的工程师
        钟表博物馆
        河流与桥梁委员会"""),
    _parts("""
        公布了春季的数字
        接待了比以往更多的客人
        修好了漏了多年的屋顶
        要求对计划再听取一次意见
        卖掉了最后一条木船
        发现了一封从来没有人读过的信
        答应降低价格并延长营业时间
        把作坊搬到了河的另一边"""),
    _parts("""
        经过一整夜的商谈，
        虽然天气不太好，
        因为邻居们已经请求了很多年，
        在隔壁学校的帮助下，
        在这个月的第一个集市日，
        在其他地方还没有注意的时候，
        在没有人想到费用之前，
        尽管外面有各种各样的说法，"""),
    space="",
    stop="。",
    circumstance_first=True,
)

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, POLISH, RUSSIAN, JAPANESE, CHINESE)
