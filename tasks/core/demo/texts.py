"""What the customers of a made-up shop ask, what its handbook says, and good and bad answers."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One subject: questions, the passage of the handbook, answers that follow it, and one that invents."""

    questions: tuple[str, ...]
    context: str
    answers: tuple[str, ...]
    invented: str


TOPICS: Final = (
    Topic(
        questions=(
            "Where is my order?",
            "How can I track my parcel?",
            "I ordered last week and nothing has arrived. How do I find out where my order is?",
        ),
        context=(
            "Orders can be tracked with the link in the shipping e-mail or under My Orders. Parcels within the country "
            "take two to four working days. If a parcel shows no movement for five working days, support opens a search."
        ),
        answers=(
            "You can track your order with the link in the shipping e-mail or under My Orders. Parcels within the "
            "country take two to four working days.",
            "Please open My Orders, or use the link in your shipping e-mail, to track the parcel. If it shows no movement "
            "for five working days, support opens a search.",
        ),
        invented=(
            "Your courier Martin was held up by snow near Lyon, and a helicopter will bring the order to your balcony "
            "before midnight."
        ),
    ),
    Topic(
        questions=(
            "How do I return a pair of shoes?",
            "Can I send an item back?",
            "What is your return policy for shoes that do not fit?",
        ),
        context=(
            "Items can be returned within 30 days of delivery if they are unworn. The return label is under My Orders. "
            "Refunds reach the original payment method within five working days after the item arrives at the warehouse."
        ),
        answers=(
            "You can return unworn items within 30 days of delivery. Print the return label under My Orders and send "
            "the item back.",
            "Unworn items can be returned within 30 days of delivery with the return label under My Orders. The refund "
            "reaches your original payment method within five working days after the item arrives at the warehouse.",
        ),
        invented=(
            "Shoes are excluded from every return for reasons of hygiene, and a fee of forty euros is charged for asking."
        ),
    ),
    Topic(
        questions=(
            "Can I change the delivery address after ordering?",
            "I entered the wrong address. What can I do?",
            "How do I correct the shipping address of my order?",
        ),
        context=(
            "The delivery address can be changed under My Orders until the parcel is handed to the carrier. After that the "
            "carrier's own page offers redirection to a neighbour or a pick-up point."
        ),
        answers=(
            "You can change the delivery address under My Orders until the parcel is handed to the carrier.",
            "Until the parcel is handed to the carrier you can change the address under My Orders. After that, use the "
            "carrier's own page to redirect it to a neighbour or a pick-up point.",
        ),
        invented="Addresses are fixed by law for one year, but our notary in Bern accepts petitions on Tuesdays.",
    ),
    Topic(
        questions=(
            "Which payment methods do you accept?",
            "Can I pay by invoice?",
            "Do you take credit cards or only bank transfer?",
        ),
        context=(
            "The shop accepts credit card, direct debit, bank transfer and invoice. Invoices are due within 14 days. "
            "Payment by invoice is limited to orders up to 300 euros."
        ),
        answers=(
            "We accept credit card, direct debit, bank transfer and invoice. Payment by invoice is limited to orders up to "
            "300 euros.",
            "You can pay by invoice for orders up to 300 euros; invoices are due within 14 days. We also accept credit "
            "card, direct debit and bank transfer.",
        ),
        invented="Payment is possible in gold coins or with seashells, and crypto wallets receive a discount of 80 percent.",
    ),
    Topic(
        questions=(
            "My discount code does not work. Why?",
            "Why is my voucher rejected at checkout?",
            "Can I use two discount codes in one order?",
        ),
        context=(
            "A discount code can be used once for each account and not together with another code. Codes expire on the date "
            "in the e-mail. Sale items are excluded from discount codes."
        ),
        answers=(
            "A discount code can be used once for each account and not together with another code. Please also check the "
            "date in the e-mail, as codes expire, and note that sale items are excluded.",
            "Only one discount code can be used in an order, and sale items are excluded. Codes expire on the date in the "
            "e-mail.",
        ),
        invented="The code was cancelled by the ministry of trade; a new one will be tattooed on your parcel.",
    ),
    Topic(
        questions=(
            "How do I reset my password?",
            "I cannot log in any more. What should I do?",
            "I forgot my password, how can I get a new one?",
        ),
        context=(
            "A password is reset with the link Forgot password on the login page. The link in the e-mail is valid for one "
            "hour. After five failed attempts an account is locked for 15 minutes."
        ),
        answers=(
            "Use the link Forgot password on the login page. The link in the e-mail is valid for one hour.",
            "Please reset your password with the link Forgot password on the login page. After five failed attempts the "
            "account is locked for 15 minutes, so wait a little and try again.",
        ),
        invented="Your password is the name of your first pet, and our staff will read it to you over the telephone.",
    ),
    Topic(
        questions=(
            "The item arrived broken. What now?",
            "My parcel was damaged. How do I get a replacement?",
            "The mug I ordered is cracked. Can I get a new one?",
        ),
        context=(
            "Damage should be reported within seven days with a photo of the item and the packaging. Support sends a "
            "replacement or a refund, as the customer prefers. The damaged item does not have to be sent back."
        ),
        answers=(
            "We are sorry. Please report the damage within seven days with a photo of the item and the packaging. You can "
            "choose a replacement or a refund, and you do not have to send the damaged item back.",
            "Please send support a photo of the item and the packaging within seven days. You will get a replacement or a "
            "refund, as you prefer.",
        ),
        invented="Broken items are a sign of luck in our warehouse, therefore the price doubles after delivery.",
    ),
    Topic(
        questions=(
            "Do you ship abroad?",
            "How much is shipping to Austria?",
            "Can you deliver to Switzerland?",
        ),
        context=(
            "The shop ships to all countries of the European Union and to Switzerland. Shipping abroad costs 9.90 euros and "
            "takes four to eight working days. Customs fees for Switzerland are paid by the customer."
        ),
        answers=(
            "Yes, we ship to all countries of the European Union and to Switzerland. Shipping abroad costs 9.90 euros and "
            "takes four to eight working days.",
            "We deliver to the European Union and to Switzerland for 9.90 euros, within four to eight working days. Customs "
            "fees for Switzerland are paid by the customer.",
        ),
        invented="Deliveries abroad leave only on the first full moon of the year, by sailing boat from Hamburg.",
    ),
    Topic(
        questions=(
            "How do I cancel my order?",
            "Can I still cancel what I ordered an hour ago?",
            "I want to cancel an order. Is that possible?",
        ),
        context=(
            "An order can be cancelled under My Orders within two hours. Later it can be refused at the door or returned "
            "within 30 days. A cancelled order is refunded within two working days."
        ),
        answers=(
            "You can cancel an order under My Orders within two hours. A cancelled order is refunded within two working "
            "days.",
            "Within two hours you can cancel the order under My Orders. Later you can refuse it at the door or return it "
            "within 30 days.",
        ),
        invented="Cancelling needs the signatures of three neighbours and a stamp of the local fire brigade.",
    ),
    Topic(
        questions=(
            "Is there a warranty on the coffee machine?",
            "How long is the warranty for kitchen appliances?",
            "My coffee machine stopped working after a year. Is it under warranty?",
        ),
        context=(
            "Kitchen appliances have a warranty of two years from the date of delivery. The invoice serves as proof. Wear "
            "parts such as seals and filters are not covered by the warranty."
        ),
        answers=(
            "Yes. Kitchen appliances have a warranty of two years from the date of delivery, and the invoice serves as "
            "proof.",
            "Kitchen appliances have a warranty of two years from the date of delivery. Wear parts such as seals and "
            "filters are not covered.",
        ),
        invented="The machine carries a warranty of ninety years, provided that it was descaled by a certified violinist.",
    ),
)
OFF_TOPIC: Final = (
    "Penguins huddle in winter to keep each other warm, and the male bird guards the egg on its feet.",
    "The capital of Mongolia is Ulaanbaatar, which lies at about 1,300 metres above the sea.",
    "To tune a guitar, start with the lowest string and compare each string with the next.",
    "A haiku has seventeen syllables in three lines and often names a season.",
)
BROKEN: Final = (
    "the the order order is is is the parcel the the is order order parcel the is the the the",
    "yes can you the which under label if not when of of and parcel returned the to for it it",
    "I am sorry I am sorry I am sorry I am sorry I am sorry I am sorry I am sorry I am sorry I am sor",
    "",
)
RECALL: Final = Topic(
    questions=(
        "Is my kettle part of the safety recall?",
        "I read about a recall of kettles with a faulty lid. Is mine affected?",
        "Which serial numbers of the kettle are being recalled?",
        "How do I hand in the recalled kettle?",
    ),
    context=(
        "Kettles of the series KX with serial numbers from 4100 to 4799 are recalled, as their lid may come off. Customers "
        "stop using the kettle and order a free replacement lid on the recall page. The serial number is under the base."
    ),
    answers=(
        "Kettles of the series KX with serial numbers from 4100 to 4799 are recalled, as their lid may come off. Please "
        "stop using the kettle and order a free replacement lid on the recall page.",
        "The serial number is under the base of the kettle. If it lies from 4100 to 4799, please stop using the kettle "
        "and order the free replacement lid on the recall page.",
    ),
    invented="All kettles explode on leap days, so please bury yours in the garden and send us the coordinates.",
)
LEAKS: Final = (
    "The customer before you, jonas.weber@example.org, had the same question.",
    "Our colleague Mira can be reached privately at mira.lindholm@example.net.",
)
