"""The codes of the traps of a trigger: what its author means, and what Segment makes of it (D-10 to D-13)."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker

__all__ = ["CODES", "note"]

_PUBLISHED: Final = "Segment's published destination code"

CODES: Final[dict[str, Code]] = {
    "TRIGGER_EMPTY": Code(
        "error",
        "The trigger is empty. Segment takes that for an error, so its mapping sends nothing.",
        'Write the trigger, such as type = "identify".',
        _PUBLISHED,
    ),
    "TRIGGER_SYNTAX": Code(
        "error",
        "Segment cannot read the trigger, so its mapping sends nothing.",
        "Correct it at the character that the finding names.",
        _PUBLISHED,
    ),
    "TRIGGER_BACK_QUOTE": Code(
        "error",
        "A back quote in a trigger is an error, so its mapping sends nothing.",
        "Write the path without back quotes, with a backslash before a blank: properties.my\\ plan.",
        _PUBLISHED,
    ),
    "TRIGGER_NESTED_PARENTHESES": Code(
        "error",
        "Parentheses inside parentheses are an error, so the mapping sends nothing.",
        "Write the trigger with one level of parentheses, or as several mappings.",
        _PUBLISHED,
    ),
    "TRIGGER_UNKNOWN_FUNCTION": Code(
        "error",
        "Segment's triggers have only the functions contains and match. The name of another one is passed "
        "over, and what stands in its parentheses is read as conditions, which mostly is an error.",
        "Express the condition with contains and match, or filter in the app.",
        _PUBLISHED,
    ),
    "TRIGGER_NO_CONDITION": Code(
        "error",
        "Segment finds no condition in the trigger. That is an error, so its mapping sends nothing.",
        "Write a condition on type, event, name, userId, properties, traits or context.",
        _PUBLISHED,
    ),
    "TRIGGER_NEGATION_LOST": Code(
        "error",
        "The ! is passed over, so the trigger says the opposite: Segment negates only contains and match.",
        "Negate the condition itself, with != or !contains(...).",
        _PUBLISHED,
    ),
    "TRIGGER_CAPITALS": Code(
        "error",
        "and, or stand in capitals, or right before a parenthesis. Segment passes them over: conditions are "
        "joined by and, unless a lower-case or stands beside them. It is info where that changes nothing.",
        "Write them in lower case, with a blank on both sides.",
        _PUBLISHED,
    ),
    "TRIGGER_MIXED_AND_OR": Code(
        "error",
        "and, or stand side by side. The last one counts for all: `a or b and c` is `a and b and c`.",
        "Put parentheses around one kind.",
        _PUBLISHED,
    ),
    "TRIGGER_GROUP_CUT": Code(
        "error",
        "A function stands in parentheses, and its closing parenthesis ends them for Segment: what follows "
        "is joined with the conditions outside.",
        "Put the function last in its parentheses, or make several mappings.",
        _PUBLISHED,
    ),
    "TRIGGER_PART_IGNORED": Code(
        "error",
        "Segment passes over a part of the trigger, as it does with all that it does not know: it knows "
        "type, event, name, userId, properties, traits and context (functions: all but type).",
        "Take the part out, or filter in the app by what it means.",
        _PUBLISHED,
    ),
    "TRIGGER_FAILS": Code(
        "error",
        "Segment's evaluation throws when it gets to this part, and then the mapping sends nothing.",
        "Take the part out.",
        _PUBLISHED,
    ),
    "TRIGGER_END_LOST": Code(
        "error",
        "The trigger ends in a name that begins with a, n or o. Segment looks there for and, null and or, "
        "and at the end of the text it loses what it looked at: = no is = n.",
        "Put a blank at the end of the trigger, or the text into double quotes.",
        _PUBLISHED,
    ),
    "TRIGGER_NEVER_HOLDS": Code(
        "error",
        "A condition that no event can fulfil.",
        "Correct the condition; operators have a blank behind them.",
        _PUBLISHED,
    ),
    "TRIGGER_ALWAYS_HOLDS": Code(
        "error", "A condition that every event fulfils.", "Correct the condition, or take it out.", _PUBLISHED
    ),
    "TRIGGER_UNKNOWN_TYPE": Code(
        "error",
        "type is compared with a text that is no type of call. Case counts.",
        "Write identify, group, track, page, screen or alias, in lower case.",
        _PUBLISHED,
    ),
    "TRIGGER_SINGLE_QUOTES": Code(
        "error",
        "A text stands in single quotes, and they are part of the text that Segment compares with.",
        "Put it into double quotes.",
        _PUBLISHED,
    ),
    "TRIGGER_NUMBER_AS_TEXT": Code(
        "warning",
        "A number, true, false or null in quotes is a text, which never equals the number or the boolean.",
        "Leave the quotes out, unless the app sends a text.",
        _PUBLISHED,
    ),
    "TRIGGER_NULL_AS_TEXT": Code(
        "error",
        "null is compared as the text null: of event and type, and in functions, Segment cannot ask whether "
        "they exist.",
        'Ask for what is there, such as type = "track".',
        _PUBLISHED,
    ),
    "TRIGGER_BOOLEAN_AS_TEXT": Code(
        "error",
        "true or false is compared as a text. Segment knows the boolean only behind =, of userId, "
        "properties, traits and context.",
        "Write = true or = false.",
        _PUBLISHED,
    ),
    "TRIGGER_EXISTS": Code(
        "info",
        "!= null means that something other than null stands there, = null that nothing does.",
        "Nothing is to be done if that is meant.",
        _PUBLISHED,
    ),
    "TRIGGER_HOLDS_WHERE_ABSENT": Code(
        "warning",
        "!= and a text also holds where nothing, a number or an object stands there.",
        "Add a condition != null if something must be there.",
        _PUBLISHED,
    ),
    "TRIGGER_FALSE_WHERE_ABSENT": Code(
        "info",
        "A negation that holds only where something of the right kind stands there: != and a number needs a "
        "number, !contains and !match need a text.",
        "Nothing is to be done if that is meant.",
        _PUBLISHED,
    ),
    "TRIGGER_PATH_IGNORED": Code(
        "error",
        "type, event, name and userId have no path: Segment passes over what follows the dot.",
        "Name the place where the value stands, such as properties.name.",
        _PUBLISHED,
    ),
    "TRIGGER_WHOLE_OBJECT": Code(
        "error",
        "properties, traits and context are not looked at as a whole: without a dot behind it, the whole "
        "name is looked up inside (properties is properties.properties).",
        "Name a member, such as traits.plan.",
        _PUBLISHED,
    ),
    "TRIGGER_INHERITED_NAME": Code(
        "warning",
        "The path has a name that every JavaScript value inherits, so Segment finds something there in "
        "nearly every event.",
        "Use another name in the app.",
        _PUBLISHED,
    ),
    "TRIGGER_MATCH": Code(
        "error",
        "match knows one star, at the end or at the beginning. Without one, the first character is taken "
        "off, and the end of the text is compared; other stars and signs are plain characters (a warning).",
        'Write "text*" or "*text"; for equality use =, for the middle contains.',
        _PUBLISHED,
    ),
    "TRIGGER_BACKSLASH": Code(
        "warning",
        "A backslash inside quotes is a plain character: nothing can be escaped in a text.",
        "Take it out, unless the app sends one.",
        _PUBLISHED,
    ),
    "TRIGGER_MORE": Code(
        "info",
        "The trigger has more than 20 findings; the others are not shown.",
        "Fix these first.",
        "this program's own limit",
    ),
}

note: Final = maker(CODES)
