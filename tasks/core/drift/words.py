"""The words of a text in any script, and those that say nothing of what it is about.

Words are those of the Unicode standard's default segmentation (Unicode Standard Annex 29, section 4). It needs a
dictionary for scripts without spaces between words; their runs become bigrams of characters as a reader sees them,
as is usual in retrieval (J.-Y. Nie and F. Ren, Chinese information retrieval: using characters or words?, Information
Processing and Management 35 (1999)).
"""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

import regex  # type: ignore[import-untyped]

LONGEST_CHARACTERS: Final = 2_000
LONGEST_WORD: Final = 40
LONGEST_CHARACTER: Final = LONGEST_WORD // 2

# A mark such as the one that lengthens a vowel in Japanese belongs to two scripts, hence script extensions (scx).
_UNSPACED: Final = "".join(rf"\p{{scx={one}}}" for one in ("Han", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"))
_RUNS: Final = regex.compile(rf"([[{_UNSPACED}]&&[\p{{L}}\p{{M}}\p{{Nl}}]]+)", regex.V1)
_BOUNDARY: Final = regex.compile(r"\b", regex.V1 | regex.WORD)
_LETTER: Final = regex.compile(r"\p{L}")
_CHARACTER: Final = regex.compile(r"\X")

# The commonest function words of each language. Package lists were too long: they hide `order`, `system` and `help`.
# What is a noun in another of these languages is left out: `war` (German), `car` (French), `fire` (Danish).
COMMONEST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": """a about after all also am an and any are aren't as at be because been before being but by can
        can't cannot could couldn't did didn't do does doesn't doing don't e.g etc for from get give had has
        hasn't have haven't having he he's her here hers him his how i i'd i'll i'm i've i.e if in into is isn't
        it it's its itself just let let's like many may me might more most much must my myself no nor not now of
        off on once only or other our ours out over own please same shall she she's should shouldn't so some
        such than that that's the their them then there there's these they they're this those through to too
        under until up us very was wasn't we we're we've were weren't what what's when where which while who
        whom why will with won't would wouldn't you you'd you'll you're you've your yours yourself""",
        "de": """aber alle als am auch auf aus bei bin bis bist bitte da das dass dein deine dem den denn der
        des dich die dir doch du durch ein eine einem einen einer eines er es für gibt habe haben hat hatte ich
        ihm ihn ihr ihre im ins ist ja kann kein keine können man mein meine meinem meinen meiner mich mir mit
        muss nach nicht noch nur oder ohne schon sehr sein seine sich sie sind soll über um und uns unser unter
        vom von vor wann warum wenn wer werden wie wieder wir wird wo wurde zu zum zur""",
        "fr": """ai au aussi aux avec avez avoir bien c'est ce ces cet cette comme comment d'un d'une dans de
        des du elle en est et été être fait faire il ils j'ai je l'on la le les leur lui ma mais me même mes mon
        ne nos notre nous on ont ou où par pas peut plus pour pourquoi pouvez qu'il que quel quelle qui quoi sa
        sans se ses si sont sur ta tes ton tout très tu un une vos votre vous y à""",
        "es": """al algo como con cómo cuando cuál cuándo de del desde donde dónde el ella ellos en entre es esa
        ese eso esta estar este esto está están estoy fue ha hace hacer han hay he la las le les lo los me mi
        mis muy más nada ni no nos o para pero por porque puede puedo que quién qué se ser si son soy su sus sí
        también te tengo tiene tu tus un una uno unos unas y ya yo""",
        "pt": """ao aos as até com como da das de dela dele depois do dos e ela ele em entre essa esse esta este
        está eu foi há isso isto já lhe mais mas me mesmo meu minha muito na nas nem no nos não nós o os ou para
        pela pelo pode por porque posso qual quando que quem se sem ser seu sua são também te tem tenho um uma
        você vocês à às é""",
        "it": """agli ai al alla alle anche c'è che chi ci come con cosa cui da dal dalla degli dei del
        della delle di dove e ed gli ha hanno ho i il in io la le lei lo loro lui ma mi mia mio molto nel
        nella noi non o ogni per perché più posso puoi qual quale quando quella quello questa questo se si sono
        sta su sua sul sulla suo ti tra tu tutto un una uno vi voi è""",
        "nl": """aan al als bij dan dat de deze die dit door een en er gaat geen haar heb hebben heeft het hij
        hoe hun ik in is je kan kunt kunnen maar me meer met mij mijn moet naar niet nog nu of om ons ook op
        over te tot uit u van veel voor waar waarom wanneer wat we wel werd wie wij wil wordt worden ze zich zij
        zijn zo zou""",
        "sv, da, no": """af alla allt är att av bara blev blir både de deg dem den denna dessa det detta dette
        dig din dit ditt du där efter eller en end er et ett etter för fra från får gör ha han har havde hade
        hur hvad hva hvem hvis hvor hvordan hvorfor hun hon icke ikke inte jag jeg kan kunde kunne man med meg
        mej men mig min mit mitt mot må när ni nu når något och og om oss över på sig sin sitt ska skal skulle
        som så til till under upp ut vad var varför ved vem vi vid vil vill ville være været""",
        "pl": """a ale aby bez bo być był była było by ci co czy dla do gdzie go i ich ile ja jak jaki jakie
        jako je jego jej jest jestem jeszcze już każdy kiedy która które który lub ma mam mi mnie moja moje może
        można mój na nad nie nich nim niż o od on ona one oni oraz po pod przez przy się są ta tak także tam te
        tego tej ten to tu twój ty tylko tym u w we wszystko z za ze że żeby""",
        "ru": """а без бы был была было быть в вам вас весь во вот все всё вы где да для до его ее если есть еще
        ещё же за и из или им их к как какая какие какой когда кто ли меня мне мой моя мы на надо не него нет ни
        но о об он она они от по почему при с свой себя так также там то того тоже только ты у уже что чтобы эта
        эти это этот я""",
        "uk": """або але був була було бути в від він вона вони все ви де для до є з за зі і із й його їх її
        коли ми мене мені на не ні по про та так також те ти то у хто це цей чи чому що щоб я як який яка які""",
        "tr": """ama ancak ben bana beni benim bir biz bu bunu böyle çok da daha de değil diye en gibi göre ha
        hangi hem her için ile ise kadar ki kim mi mı mu mü nasıl ne neden nerede o olan olarak olduğu oldu olur
        onu onun sen siz sonra şey şu var ve veya ya yok""",
        "id": """ada adalah agar akan aku anda apa apakah atau bagaimana bahwa bisa bukan dalam dan dapat dari
        dengan di dia ini itu jika juga kami kamu kapan karena ke kita lebih mana mereka mengapa oleh pada saat
        saya sebagai seperti sudah telah tentang tidak tolong untuk yang""",
        "vi": """anh bạn bị bởi cho chúng các có của cũng còn cái dù được đã đang đây đó để gì hay hoặc hơn khi
        không là lại lúc mà mình một nào này nên nhưng như những nếu ở phải ra rất rằng sao sẽ ta tại thì thế
        tôi trong từ tới và vào vẫn về vì với""",
        "ar": """أن أنا أنت أو أي إذا إلى إن التي الذي ال ب بعد بين تم ثم حتى ذلك عن عند على في فيه قد كان كانت
        كل كما كيف لا لكن لم لن له لها لماذا ما ماذا متى مع من منها هذا هذه هل هناك هو هي و يا يكون""",
        "hi": """अगर आप इस इसके उस एक और कब कर करना करने का कि किया की कुछ के कैसे को कोई क्या क्यों गया जब जो तक
        तो था थी थे नहीं ने पर भी मुझे में मेरा मेरी मैं यह या ये रहा रहे लिए वह वे सकते से हम ही है हूँ हैं हो
        होता""",
        "ko": """것 것을 것이 그 그것 그냥 그런데 그리고 나 나는 내 내가 너 너무 누가 다 더 때 또 또는 무엇 뭐
        및 어디 어떤 어떻게 언제 없는 없다 에 왜 우리 위해 의 이 이것 있는 있다 있습니다 잘 저 저는 제 제가 좀
        하는 하지만 합니다""",
        "zh": """一个 一下 一些 不会 不是 不能 为什 什么 以及 但是 何在 可以 因为 如何 如果 就是 怎么 怎样 所以
        或者 没有 然后 现在 能否 还是 还有 请问""",
    }
)
STOP_WORDS: Final = frozenset(" ".join(COMMONEST.values()).split())
# Particles and pronouns of Chinese: no bigram with one is a word of content. Of Japanese, what is Hiragana alone.
_GRAMMAR: Final = regex.compile(r".?[的了吗嗎呢吧啊么麼我你您他她它们們这這那].?|[\p{Hiragana}ー]{1,2}")


def words(text: str) -> list[str]:
    """The words in their order, folded to lower case and one form of each letter, cut to `LONGEST_WORD` characters.

    Only the first `LONGEST_CHARACTERS` characters are read. What has no letter is no word: numbers, punctuation, emoji.
    """
    folded = normalize("NFKC", normalize("NFKC", text[:LONGEST_CHARACTERS]).casefold()).replace("’", "'")
    found: list[str] = []
    for place, part in enumerate(_RUNS.split(folded)):
        found += _bigrams(part) if place % 2 else _spaced(part)
    return found


def content_words(text: str) -> list[str]:
    """The words in their order without the commonest ones of their language, grammar, and single letters of ASCII."""
    return [word for word in words(text) if is_content(word)]


def is_content(word: str) -> bool:
    """Whether one of `words` may say what a text is about."""
    if word.isascii():
        return len(word) > 1 and word not in STOP_WORDS
    return word not in STOP_WORDS and _GRAMMAR.fullmatch(word) is None


def _spaced(part: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in _BOUNDARY.split(part) if _LETTER.search(word)]


def _bigrams(run: str) -> list[str]:
    """The pairs of neighbouring characters of a run without spaces; a lone character stands for itself."""
    characters = run if run.isalpha() else [one[:LONGEST_CHARACTER] for one in _CHARACTER.findall(run)]  # with marks
    return [one + other for one, other in pairwise(characters)] or list(characters)
