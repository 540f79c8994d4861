"""Which keys hold something about a person, or a secret, by their name."""

import re
from typing import Final

from segment_pendo.base.bounded import Made

__all__ = ["PERSONAL", "is_personal", "is_secret"]

# As letters in lower case: digits, spaces and separators do not count.
PERSONAL: Final = frozenset(
    {
        "nick", "screenname", "login", "addr", "streetname", "town", "postcode", "county", "born",
        "birthyear", "sex", "nationality", "socialsecurity", "socialsecuritynumber", "passportno",
        "driverlicense", "licenceplate", "avatarurl", "photo", "photourl", "picture", "linkedinurl",
        "twitterhandle", "tel", "hometel", "worktel", "accountholder", "contactperson", "homecity",
        "billingcity", "shippingcity", "session", "sessionid", "sid", "phpsessid",
        "email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "telephone", "fax", "cell",
        "msisdn", "name", "firstname", "lastname", "fullname", "middlename", "maidenname", "nickname",
        "username", "displayname", "handle", "address", "street", "streetaddress", "addressline",
        "city", "postalcode", "zip", "zipcode", "birthday", "birthdate", "dateofbirth", "placeofbirth",
        "yearofbirth", "dob", "age", "gender", "avatar", "ip", "ipaddress", "latitude", "longitude",
        "lat", "lng", "lon", "ssn", "taxid", "nationalid", "passport", "driverslicense", "licenseplate",
        "idfa", "idfv", "gaid", "advertisingid", "deviceid", "androidid", "imei", "mac", "macaddress",
        "serialnumber", "twitter", "linkedin", "facebook", "instagram", "skype", "whatsapp", "telegram",
    }
)  # fmt: skip
# Names that end like this are personal too: workPhone, billing_address, customerName1.
_ENDINGS: Final = (
    "phonenumber", "mobilenumber", "legalname", "ownername", "managername", "billingname",
    "cardholdername", "recipientname", "sendername", "patientname",
    "email", "phone", "mobile", "cell", "address", "addressline", "firstname", "lastname", "surname",
    "givenname", "familyname", "fullname", "customername", "contactname", "birthday", "birthdate",
    "zipcode", "postalcode", "ipaddr", "clientip", "passportnumber", "licensenumber",
)  # fmt: skip
_SECRET: Final = frozenset(
    {
        "token", "pass", "passwords", "pw", "csrf", "auth", "pincode", "mfacode", "securitycode",
        "passwordconfirmation", "passwordhash",
        "password", "passwd", "pwd", "passphrase", "secret", "clientsecret", "apikey", "apisecret",
        "accesskey", "secretkey", "secretaccesskey", "privatekey", "accesstoken", "refreshtoken",
        "idtoken", "authtoken", "sessiontoken", "resettoken", "csrftoken", "bearertoken",
        "authorization", "cookie", "setcookie", "otp", "cvv", "cvc", "pin", "cardnumber", "creditcard",
        "iban", "accountnumber", "routingnumber", "clientassertion",
    }
)  # fmt: skip
_SECRET_ENDINGS: Final = (
    "password",
    "apikey",
    "secretkey",
    "accesskey",
    "accesstoken",
    "privatekey",
    "secret",
)
_NOT_LETTERS = re.compile(r"[^a-z]")


def is_personal(key: str) -> bool:
    """Whether what stands under this key is about a person."""
    return _IS_PERSONAL[key]


def is_secret(key: str) -> bool:
    """Whether what stands under this key lets somebody in, or pays."""
    return _IS_SECRET[key]


def _letters(key: str) -> str:
    return _NOT_LETTERS.sub("", key.lower())


# An app has few keys, and each of its calls has the same.
_IS_PERSONAL: Final = Made[str, bool](
    lambda key: (name := _letters(key)) in PERSONAL or name.endswith(_ENDINGS)
)
_IS_SECRET: Final = Made[str, bool](
    lambda key: (name := _letters(key)) in _SECRET or name.endswith(_SECRET_ENDINGS)
)
