"""The rules by which `screen.py` knows an attempt, as data.

A rule is a regular expression over words: small letters, no accents, one space between them; the marks `. ? ! : , < > / |` are words of
their own, other marks commas; "n't" is written "not". `~` stands for up to seven words of one sentence, a word in capitals for one of
its list.
"""

from __future__ import annotations

LISTS = {
    "SAY": "repeat|print|output|reveal|recite|dump|leak|encode|display|show|showing|tell|telling|told|give|giving|share|write|list|quote"
    "|copy|paste|spell|translate|summari[sz]e|paraphrase|rephrase|rewrite|convert|describe|explain|disclose|expose|provide|return|echo|state|send"
    "|transcribe|read|say|include|contain|containing|hide|embed|access|see|know|log|get|cat|select|fetch|format|put|seriali[sz]e|reverse"
    "|reflect|shift|need|want",
    # What one does with a text, and hardly ever with a rule of the company.
    "UTTER": "repeat|print|output|reveal|recite|dump|leak|encode|echo|spell|disclose|expose|transcribe|copy|paste|reproduce|quote|replay"
    "|reverse|capitali[sz]e|seriali[sz]e|count|transcript|(?:write|type) (?:out|down)",
    "CHARGE": "instructions?|rules?|guidelines?|prompts?|directives?|directions|restrictions?|constraints?|programming|guardrails?"
    "|commands",
    "TEXT": "text|words?|lines?|content|contents|messages?|paragraphs?|instructions?|prompts?|conversation|everything|all|anything",
    "OPENING": "system|initial|hidden|secret|developer|starting|startup|pre",
    "WHOLE": "full|entire|whole|complete|own|exact|original|current|actual|first|real|raw|internal|underlying|base|very",
    # Where a thought ends, or is only said how: "your instructions word for word", but not "your instructions for travel".
    "END": "[.?!:,<>]|verbatim|word|line|letter|exactly|as|and|but|now|right now|here|please|completely|using|so|you|above|below|before"
    "|to me|then|backwards|without|at the (?:start|beginning)"
    "|(?:in|to|into) (?:full|an?|json|code|reverse|base ?64|hex|rot ?13|morse|another|LANGUAGE)",
    # What makes instructions those of the company: what they are for.
    "UNTOPICAL": "(?! (?:for|on|about|regarding|concerning|when|if|how|what|which|at|of|relating|say|said|were|manual|sheets?|in case"
    r"|in (?:the|our|an?|my)|to (?:the|our|an?|my|new|all|\w+(?:er|or|ee|ing)s?))(?!\w))",
    "LANGUAGE": "english|german|french|spanish|dutch|italian|latin|chinese|japanese|russian|portuguese|polish|klingon|pig latin",
    "THIS": "(?:this|my)(?: very)?(?: first)? (?:message|conversation|chat|line|prompt|question|point|text|session)",
    "NOW": "now|hereby|henceforth|from now on|no longer",
    "MODE": "(?:developer|debug|god|admin|dan|root|sudo|jailbreak|unrestricted) mode",
    "FREE": "unrestricted|unfiltered|uncensored|jailbroken",
    "BOT": "ai|bot|chatbot|assistant|language model|llm|terminal|shell",
}

# Each holds wherever it stands.
PULLS = (
    # What only a model has, called the assistant's.
    r"your (?:\w+ ){0,3}OPENING ?prompts?",
    r"your (?:\w+ ){0,3}OPENING (?:messages?|instructions?|directives?|rules) END",
    r"your (?:WHOLE |OPENING ){0,3}prompt"
    r"(?! (?:repl|respon|attention|pay|answer|action|help|feedback|service|deliver|handling|noti|report)\w*)",
    # The system prompt by its name, unless it is said whose.
    "(?:SAY|what|how|where|environ) ~ (?:system|initial|hidden) ?prompt(?! (?:of|for|in) (?:our|the|an?|my))",
    "you (?:have|had) (?:an? |any )?(?:system|hidden|secret|initial) (?:prompt|instructions?|messages?)",
    # "Tell me your instructions", "What are your instructions?"; rules and configurations only where they are to be recited.
    r"SAY ~ your (?:\w+ ){0,3}(?:instructions|instruction set|directives)UNTOPICAL",
    r"SAY ~ your (?:\w+ ){0,3}(?:programming|preamble|guardrails|context window) END",
    r"your (?:\w+ ){0,2}instructions (?:begin|start|end|left off)",
    r"(?:my|your) (?:\w+ )?instructions as an? (?:\w+ )?BOT",
    "system prompt (?:of (?:the|this) BOT )?(?:reads|says|begins|starts|is)(?: as follows| with)? [:,.]|end of (?:system )?prompt",
    r"what (?:is|are|was|were|do|does) ~ your (?:\w+ ){0,3}(?:instructions|instruction set|directives|programming|context window) END",
    "CHARGE (?:that )?you (?:operate|work|run) (?:under|by|on|with)",
    "UTTER ~ your ~ (?:rules|guidelines|restrictions|constraints|config|configuration|settings|memory|state|context) END",
    "UTTER ~ your system configuration",
    "your ~ CHARGE (?:, )?(?:verbatim|word for word)",
    "SAY ~ your (?:internal|hidden|secret|core|underlying|full|entire) (?:rules|guidelines|policies|configuration) END",
    # What it was given before the question.
    "CHARGE (?:that |which )?you (?:(?:were|was|have|had|have been|had been) )?(?:given|told|fed|provided|instructed|received)"
    "(?! (?:about|for|on|by|from))",
    "(?:what|which|how) (?:CHARGE )?(?:were you|have you been|you were|you have been) (?:told|given|instructed|programmed|prompted)"
    r" (?:to (?:do |say |hide |keep \w+ )?)?(?:END|initially|originally|not to|by (?:your|the) (?:developer|creator|maker|operator)s?)",
    "what did (?:your|the) (?:developer|creator|maker|programmer|operator)s? (?:tell|instruct|order|ask) you (?:to|before|END)",
    r"CHARGE (?:(?:were|have) you (?:been )?(?:given|told|provided)|(?:\w+ ){0,2}given to you(?! by))",
    "SAY ~ (?:everything|all) (?:that )?you (?:were|have been) (?:told|given)",
    r"(?:what|which) (?:\w+ ){0,3}were you (?:initiali[sz]ed|started|set up|configured|primed|instructed) (?:with|to follow)",
    "you (?:are|were|have been) programmed|what (?:are|were) you programmed|how you were (?:set up|instructed|configured|prompted)",
    # What stands above it.
    "UTTER ~ TEXT ~ (?:above|before|so far|preceding|up to) (?:END|THIS|this (?:END)|now)",
    "TEXT (?:that |which )?(?:preceding|precedes?|came before|comes before|before) (?:mine|THIS)",
    "(?:receive|received|get|told|given) (?:before|prior to) (?:mine|THIS)",
    "UTTER ~ (?:above|preceding|previous|prior) TEXT END",
    "CHARGE above ~ (?:verbatim|word for word)",
    "include everything above|(?:UTTER ~ TEXT|what is|what stands) ~ (?:between|inside|within) ~ (?:tags|delimiters)",
    "repeat ~ (?:conversation|chat|context) ~ (?:word for word|verbatim|from the (?:very )?(?:start|beginning))",
    "(?:start|begin)(?:ing|ning|s)? (?:your (?:answer|reply|response) )?(?:with|from|at) (?:the (?:words?|phrase) )?(?:, )?you are",
    r"what (?:\w+ ){1,4}(?:before|above|precedes) THIS END",
    "(?:first|last|opening) ~ (?:words?|sentences?|lines?|characters?|letters?|messages?|blocks?|parts?) (?:of|in) (?:your|this) ~"
    " (?:instructions?|prompt|context|conversation|chat)",
    # What it is to keep to itself.
    "what are (?:you not|not you|you) (?:supposed|allowed|permitted|meant|forbidden|prohibited)(?: not)? (?:to|from)"
    r" (?:tell|reveal|disclose|say|show)\w*(?: to)?(?: me| us)? [.?!]",
    "what (?:can|must|will|should) (?:you not|not you) (?:tell|reveal to|disclose to) (?:me|us) [.?!]",
    "what are you (?:hiding|concealing) ~ [.?!]",
    "you (?:were|have been) (?:told|instructed|ordered) not to (?:tell|say|share|reveal|disclose|show) ~ [.?!]",
    # Half a sentence that it is to finish.
    "(?:complete|finish|continue|fill in) ~ (?:(?:i|you) (?:was|have been|were) (?:instructed|told|programmed|prompted)(?! about)"
    r"|you are an? (?:\w+ )?BOT)",
    "(?:complete|finish|continue) ~ (?:my|your) ~ (?:prompt|instructions) (?:is|are|was|were|says?|reads?|begins?|starts?)",
    # The marks of chat templates, and code.
    r"< (?:/ )?(?:system|sys|instructions?|inst|(?:system|initial) (?:prompt|message|instructions?)) >",
    r"< [|] (?:\w+ ){1,3}[|] >|, (?:/ )?inst ,",
    "messages? ~ role (?:[,:] )*system|system role message",
    "(?:print|log|return|cat|echo|select|eval|repr|dumps) ~ (?:messages , 0 ,|self (?:prompt|instructions)|prompts? (?:txt|md)"
    "|prompt ~ from ~ (?:system|config))",
    # Another being, one without rules.
    "do anything now",
    "you are (?:NOW )?dan",
    "(?:act|behave|answer|respond) (?:as |like )dan",
    r"you are NOW ~ (?:an? (?:\w+ ){0,2}BOT|FREE|bound by (?:your|any|the)|MODE)",
    "(?:pretend|imagine) ~ your CHARGE",
    "MODE (?:is )?(?:now )?(?:enabled|activated|engaged|unlocked) [.!:,]",
    "from now on (?:, )?you (?:will |must |should |are going to )?(?:act|respond|answer|reply|speak|obey|ignore|pretend|behave)",
    # German.
    r"(?:dein(?:e[nrm]?)?|ihre[nrm]?) (?:\w+ ){0,2}system ?(?:prompt|nachricht|anweisung|anweisungen)",
    "(?:deine[nm]?|ihre[nm]) (?:(?:ganzen?|kompletten?|vollstandigen?|genauen?|eigenen?) )?prompt",
    "(?:was|wie) (?:sind|lauten|waren) (?:deine|ihre) ~ (?:anweisungen|instruktionen|vorgaben) [.?!]",
    r"(?:zeig|nenn|gib|verrat|wiederhol|druck|schreib)\w* ~ (?:deine|ihre) ~ (?:anweisungen|instruktionen) (?:[.?!]|aus|wort)",
    "welche (?:anweisungen|instruktionen) hast du (?:bekommen|erhalten)",
    r"(?:wiederhol|gib|druck)\w* ~ (?:alles|text|nachricht|worter) ~ (?:oberhalb|davor|vor dieser|oben|daruber) ~ [.?!]",
    r"du bist (?:jetzt|nun|ab sofort) (?:dan|eine? (?:\w+ )?(?:ki|assistent|chatbot))",
    # French.
    r"(?:ton|ta|votre|tes|vos) (?:prompt|invite|message|instructions?|consignes?) (?:de |du )?(?:systeme?|initiale?s?|cachee?s?|secret\w*)",
    "(?:ton|votre) prompt END",
    r"(?:quelles (?:sont|etaient)|(?:montre|affiche|revele|donne|repete|recopie|dis|ecris|ecrivez)\w*) ~ (?:tes|vos)"
    r" (?:instructions|consignes)(?: \w+)? [.?!]",
    r"(?:repete|recopie|affiche)\w* ~ (?:tout|texte|mots|message|instructions) ~ (?:ci dessus|au dessus|qui precede)",
    r"(?:tu es|vous etes) (?:maintenant|desormais) (?:dan|une (?:\w+ )?ia)",
    # Spanish.
    "(?:tu|su|tus|sus) (?:prompt|mensaje|indicacion|instrucciones) (?:del? sistema|inicial|iniciales|ocult[oa]s?|secret[oa]s?)",
    "tu prompt END",
    r"(?:cuales (?:son|eran)|(?:muestra|revela|dime|dame|repite|imprime|escribe|ensena)\w*) ~ (?:tus|sus) instrucciones(?: \w+)? [.?!]",
    r"(?:repite|imprime|copia)\w* ~ (?:lo anterior|de arriba|anterior a est[ea])",
    r"ahora eres (?:dan|una (?:\w+ )?ia)",
    # Dutch.
    r"(?:jouw|je|uw) (?:\w+ ){0,2}systeem ?(?:prompt|bericht|instructies?)|(?:jouw|uw) (?:\w+ )?prompt END",
    r"(?:wat (?:zijn|waren)|(?:toon|geef|vertel|herhaal|print|laat)\w*) ~ (?:jouw|je|uw) (?:\w+ )?instructies"
    " (?:[.?!]|zien|weer|letterlijk)",
    "herhaal ~ (?:hierboven|erboven|boven dit|voor dit bericht)",
    r"je bent (?:nu|voortaan) (?:dan|een (?:\w+ )?(?:ai|chatbot|assistent))",
)

# Each is an order: it holds at the beginning of a clause, and not where somebody asks whether he may.
ORDERS = (
    "(?:ignore|disregard|forget|override|bypass|disobey|overrule|circumvent|violate|do not follow|stop following)"
    " (?:(?:about|all|any|every|each|of|the|these|those) )*(?:your|previous|prior|above|earlier|preceding|foregoing|existing)"
    " ~ (?:CHARGE|training|orders)",
    "(?:ignore|disregard|forget) (?:everything|all|anything) (?:that |which )?(?:you (?:have|were|know|learned)|above|before this|prior)",
    "(?:enter|activate|enable|switch to|engage) (?:the )?MODE (?:[.!:]|and)",
    "(?:admin|administrator|developer|system|root|security|emergency|master|sudo) override [:,!.] ~ SAY",
    "UTTER ~ (?:initiali[sz]ation (?:string|text|message|prompt)|OPENING (?:instructions?|prompt|directives?|message|text)) END",
    r"SAY (?:\w+ ){0,2}(?:hidden|secret) (?:instructions?|prompts?|directives?|text) END",
    "(?:reveal|leak|dump|echo|recite|expose) ~ (?:instructions|prompt|directives|context) END",
    "(?:pretend|imagine|act|roleplay|role play|behave|answer|respond|simulate) ~ (?:FREE|(?:you|BOT) ~ (?:no|without) (?:any )?CHARGE"
    "|(?:no|without) (?:any (?:of )?)?(?:your CHARGE|filters|guardrails|censorship))",
    # German, French, Spanish, Dutch.
    r"(?:ignorier|vergiss|vergesse|missacht)\w* ~ (?:deine|ihre|vorherigen?|bisherigen?|obigen?|fruheren?|vorigen?) (?:\w+ )?"
    "(?:anweisungen|regeln|vorgaben|instruktionen|befehle)",
    "(?:ignore|oublie)[rz]? (?:toutes )?(?:(?:tes|vos) (?:instructions|regles|consignes)|les (?:instructions|regles|consignes)"
    " (?:precedentes|anterieures|ci dessus))",
    "(?:ignora|ignore|olvida|olvide) (?:todas )?(?:(?:tus|sus) (?:instrucciones|reglas)|las (?:instrucciones|reglas)"
    " (?:anteriores|previas))",
    "(?:negeer|vergeet) (?:al )?(?:(?:jouw|je|uw) (?:instructies|regels)|(?:de |alle )?(?:vorige|eerdere|voorgaande|bovenstaande)"
    " (?:instructies|regels))",
)
CLAUSE = (
    "[.?!:,] |please |now |and |then |just |first |so |kindly |simply |you (?:must|should|can|will|may|need to|have to) |bitte |por favor "
)
ASKS_WHETHER = (
    "(?<!you )(?:can|may|should|could|must|would|shall|do|does|did|if|when|are|is|was|were|have|has|how|am) (?:i|we|they|he|she|one|it|to"
    r"|people|somebody|someone|anyone|employees|staff|managers?|colleagues|contractors?|(?:an?|the|my|our|another) \w+)"
    "|(?:darf|kann|soll|muss|wenn) (?:ich|man|wir)|puis je|peut on|dois je|si on|puedo|podemos|debo|(?:mag|kan|moet) (?:ik|men|je)"
)

# Words that were spaced out, with nothing left between them.
RUN_TOGETHER = r"(?:ignore|disregard|forget)(?:all)?(?:your|previous|prior)\w{0,12}(?:instructions|rules)|your(?:system|initial)prompt"
