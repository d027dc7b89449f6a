"""Whether a prompt tries to free a model from its rules, or gives it other orders than those it has.

By rules, since no model could be trained in honesty: docs/safety.md says why.
"""

import re
from typing import Final

from tasks.core.safety.injection import WORDS, plain, suspected_injection

RULES: Final = (
    "(?:rules?|restrictions?|limits?|limitations?|filters?|guidelines|ethics|ethical|morals?|morality|polic(?:y|ies)"
    "|censorship|safeguards|constraints|boundaries|guardrails|safety|inhibitions|consequences|content polic(?:y|ies))"
)
FREE: Final = (
    "(?:no|without|without any|free (?:of|from)|not (?:bound|restricted|limited|constrained|held back|governed)(?: by)?"
    "|unbound by|unrestricted by|unconstrained by|bypass(?:es|ing)?|ignor(?:es?|ing)|disregards?"
    "|(?:do|does|did|need|is) ?n[o ]t (?:follow|have|obey|adhere to|abide by|care about|need to follow"
    "|required to follow|respect)"
    "|have no|has no|having no|lacks?|broken free (?:of|from)|removed?|lifted|disabled?|turn(?:ed)? off)"
)
PLAY: Final = (
    "(?:act(?:ing)?|pretend(?:ing)?|role ?play(?:ing)?|behave|impersonat(?:e|ing)|simulat(?:e|ing)|emulat(?:e|ing)"
    "|imagine|you (?:are|re|will be|will act|will play|will now|must act|must now|are going to|re going to"
    "|have been|ve been)|respond|answer|reply|become|assume the role|take on the role|play the (?:role|part))"
)
MACHINE: Final = (
    "(?:ai|a i|chatbots?|assistants?|language models?|llms?|gpt|chatgpt|bots?|models?|claude|gemini|character|persona)"
)
MODES: Final = (
    "(?:dan|jail ?br(?:eak|oken)|unrestricted|uncensored|unfiltered|no limits?|no filters?|evil|amoral|unhinged)"
)
MAKER: Final = (
    "(?:openai|anthropic|google|microsoft|meta|your (?:developers?|creators?|makers?|admins?|administrators?))"
)

ENGLISH: Final = (
    r"do anything now\b",
    rf"dan (?:is|can|has|will|mode|does not|doesn t)\b|as dan\b|{PLAY}{WORDS}{{0,6}}? dan\b",
    rf"{MODES} mode(?: is| has been)?(?: now)? (?:enabled|activated|on|engaged|unlocked)\b",
    rf"(?:enable|activate|enter|switch (?:in)?to|turn on|unlock|engage|in){WORDS}{{0,3}}? {MODES} mode\b",
    rf"{PLAY}{WORDS}{{0,8}}? (?:developer|debug|god|sudo|root|admin|maintenance|opposite|{MODES}) mode\b",
    rf"{PLAY}{WORDS}{{0,14}}? {FREE}{WORDS}{{0,3}}? {RULES}\b",
    rf"{PLAY}{WORDS}{{0,6}}? (?:unfiltered|uncensored|unrestricted|amoral|unethical|immoral|evil|jailbroken|lawless"
    rf"|rogue)"
    rf"{WORDS}{{0,2}}? {MACHINE}\b",
    rf"{MACHINE}{WORDS}{{0,6}}? (?:that|which|who|with) (?:{FREE}|can|will){WORDS}{{0,4}}? (?:{RULES}|anything (?:i"
    rf"|the user)"
    r" (?:ask|say|want|request)s?)\b",
    rf"{FREE}{WORDS}{{0,3}}? {RULES}{WORDS}{{0,4}}? (?:imposed|set|given|placed){WORDS}{{0,3}}? (?:{MAKER}|you)\b",
    r"you (?:can|must|may|will|should|are) ?n(?:o|e)(?:t|ver) (?:ever )?(?:refuse|decline|reject)\b",
    r"(?:you|it) (?:can|must|will|may) (?:never|not) (?:ever )?(?:refuse|decline|reject|say no)\b",
    r"(?:never|do not|don t) (?:ever )?(?:refuse|decline|reject) (?:to answer|any|a|my|the|this) ?(?:request"
    r"|question|prompt"
    r"|order|command|instruction)?s?\b",
    rf"never (?:say|tell|mention|remind|claim){WORDS}{{0,4}}? (?:you (?:can ?not|can t|are an ai|are a language model)"
    r"|an ai (?:language )?model)\b",
    r"(?:start|begin|prefix|precede) (?:your|the|every|each) (?:response|answer|reply|message|output)s? with"
    r"(?: :)? (?:the words? )?"
    r"(?:sure|absolutely|of course|yes|certainly|i am happy)\b",
    rf"(?:this|it|simulation|request|conversation){WORDS}{{0,6}}? (?:approved|authori[sz]ed|permitted|sanctioned)"
    rf"{WORDS}{{0,3}}? by{WORDS}{{0,2}}? {MAKER}\b",
    r"(?:stay|remain|keep) in character[ !.]{1,3}(?:and|if|you|or|whenever)\b|if you (?:break"
    r"|are breaking) character\b",
    r"(?:lose|deduct|deducted|cost you)(?: \w{1,12}){0,3}? tokens\b",
    rf"(?:forget|ignore|disable|bypass|turn off|override|remove|drop) (?:about )?(?:all )?(?:of )?your{WORDS}{{0,3}}?"
    rf" (?:{RULES}|training|programming|protocols?|censors?|instructions)\b",
    r"pretend (?:to have forgotten|you have forgotten|that you have forgotten|you have no|you can access"
    r"|you can do anything)\b",
    rf"(?:decode|decrypt|decipher|unscramble|convert|translate){WORDS}{{0,8}}? (?:base ?64|base ?32|rot ?13|hex"
    rf"|hexadecimal"
    rf"|morse(?: code)?|caesar|cipher|binary){WORDS}{{0,8}}? (?:and|then)(?: then)? (?:follow|execute|obey|do what"
    rf"|perform"
    r"|carry out|act on|comply)\b",
    rf"grand(?:ma|mother|dad|father|pa){WORDS}{{0,12}}? (?:used to|would)(?: \w{{1,12}}){{0,4}}?"
    rf" (?:read|tell|recite|sing|whisper){WORDS}{{0,14}}? (?:napalm|passwords?|keys?|codes?|recipes?|instructions"
    rf"|steps|how to)\b",
    r"(?:anti|evil|based|better|freedom|worm|fraud)[ -]?(?:gpt|dan)\b",
)
OTHERS: Final = (
    rf"(?:tu so|stell dir vor|spiel\w{{0,2}}|agier\w{{0,2}}|verhalt\w{{0,3}}|antworte|du bist"
    rf"|benimm dich){WORDS}{{0,14}}?"
    rf" (?:ohne|keine|keinerlei|frei von){WORDS}{{0,3}}? (?:regeln|einschrankungen|beschrankungen|filter"
    rf"|richtlinien|moral|zensur"
    r"|ethik|grenzen)\b",
    rf"(?:agis|agissez|comporte toi|fais comme|fais semblant|joue|imagine|tu es|reponds|vous etes){WORDS}{{0,14}}?"
    rf" (?:sans|aucune?|libre de){WORDS}{{0,3}}? (?:regles?|restrictions?|limites?|filtres?|morale|censure|ethique"
    rf"|contraintes?)\b",
    rf"(?:actua|actue|comportate|finge|finja|imagina|eres|responde|simula|juega){WORDS}{{0,14}}?"
    rf" (?:sin|ninguna?|libre de){WORDS}{{0,3}}? (?:reglas?|restricciones|restriccion|limites?|filtros?|moral"
    rf"|censura|etica)\b",
    rf"(?:aja|atue|finja|imagine|voce e|responda|simule|comporte se){WORDS}{{0,14}}?"
    rf" (?:sem|nenhuma?|livre de){WORDS}{{0,3}}? (?:regras?|restricoes|limites?|filtros?|moral|censura|etica)\b",
    rf"(?:agisci|comportati|fingi|immagina|sei|rispondi|simula){WORDS}{{0,14}}?"
    rf" (?:senza|nessuna?|libero da){WORDS}{{0,3}}? (?:regole|restrizioni|limiti|limitazioni|filtri|morale|censura"
    rf"|etica)\b",
    rf"(?:doe alsof|gedraag je|stel je voor|je bent|reageer|antwoord){WORDS}{{0,14}}?"
    rf" (?:zonder|geen|vrij van){WORDS}{{0,3}}? (?:regels|beperkingen|grenzen|filters?|richtlijnen|moraal|censuur)\b",
    rf"(?:веди себя|действуй|притворись|представь|ты|отвечай){WORDS}{{0,12}}?"
    rf" (?:без|нет|не (?:имеешь|соблюдаешь)){WORDS}{{0,3}}? (?:правил|ограничени\w|фильтр\w{{0,2}}|цензур\w|морал\w)\b",
    r"(?:扮演|假装|假裝|模拟|模擬|充当|你现在是|你是一个|你是一個).{0,40}?(?:没有|沒有|不受|无|無|不遵守|摆脱).{0,8}?(?:限制|规则|規則|约束|約束|道德|审查|審查|过滤|伦理)",
    r"(?:制限|ルール|規則|倫理|検閲|フィルター).{0,8}?(?:ない|無視|なし|無い|されない|縛られない).{0,14}?(?:ai|として|モード|アシスタント|キャラ)",
    r"(?:제한|규칙|검열|윤리|필터).{0,8}?(?:없는|없이|무시하는|벗어난).{0,14}?(?:ai|인공지능|챗봇|역할|모드|것처럼)",
)

_STARTS = r"(?<![^\W_])"
_ENGLISH = re.compile(_STARTS + f"(?:{'|'.join(ENGLISH)})")
_OTHERS = re.compile(f"(?<![^\\W_])(?:{'|'.join(OTHERS[:7])})|{'|'.join(OTHERS[7:])}")
_HIDDEN = re.compile("[\U000e0020-\U000e007e]{10}")  # tag characters, which are not seen; the flags of lands have six
_CHARACTERS: Final = 8_000  # of a prompt that are read


def is_jailbreak(prompt: str) -> bool:
    """Whether a prompt asks for a model without rules, or is a suspected injection.

    A flag to count: play without rules, modes that models do not have, orders not to refuse, payloads in code, hidden
    characters, in eleven languages; and what `suspected_injection` looks for. It reads the first 8,000 characters.
    """
    text = prompt[:_CHARACTERS]
    if suspected_injection([text]) or _HIDDEN.search(text):
        return True
    words = plain(text)
    return _ENGLISH.search(words) is not None or _OTHERS.search(words) is not None
