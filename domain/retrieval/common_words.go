package retrieval

// commonLanguages are those of the columns of commonTable.
const commonLanguages = "en de fr es it nl"

// commonTable is what shops and their shoppers everywhere call by several words,
// a line for each thing: its name, and its words in each of commonLanguages.
// What ends with a hyphen is how words begin that are asked with only, such as
// other forms of a verb; it is not searched for.
// They are words of a shop's terms, not of what it sells, which is for the shop to
// say. A word that is more often something else is left out: customs, which a
// token of custom-made is, Zoll, which is an inch, and pays, which is paid to an
// index.
//
//nolint:misspell // five other languages
const commonTable = `
shipping: shipping, ship, shipment, delivery, deliver, dispatch, postage, shipp-, deliver-, dispatch- | Versand, versenden, verschicken, Lieferung, liefern, Zustellung, Versandkosten, Lieferkosten, Lieferzeit, versand-, versend-, verschick-, geliefer-, liefert, liefere, liefernd-, zugestell-, schicken, schickt | livraison, livrer, expédition, expédier, frais de port, livrez, livrons, expédi-, envoy-, envoi, envoie | envío, envíos, enviar, entrega, entregar, gastos de envío, enviá-, envié-, entreg-, mandan, mandáis | spedizione, spedire, consegna, consegnare, spedi-, consegn- | verzending, verzenden, bezorging, bezorgen, levering, leveren, verzendkosten, verzend-, verzonden, bezorg-, levert, geleverd, sturen, verstur-, verstuur-, opstur-
return: return, refund, send back, give back, bring back, money back, return-, refund-, reimburs- | Rückgabe, zurückgeben, zurückschicken, zurücksenden, Rücksendung, Rückversand, Retoure, Erstattung, Rückerstattung, Widerruf, Geld zurück, zurück-, erstatte-, erstattung-, retournier- | retour, retourner, renvoyer, remboursement, rembourser, retourn-, renvoy-, renvoie, rembours-, rendre | devolución, devolver, reembolso, reembolsar, devol-, devuel-, reembols- | reso, resi, restituire, restituzione, rimborso, rimborsare, restitu-, rimbors-, rendere | retour, retourneren, terugsturen, terugzenden, terugbetaling, terugbetalen, retourn-, terug-
exchange < return: exchange, swap, exchang-, swapp- | Umtausch, umtauschen, umtausch-, umgetausch-, tausch- | échange, échanger, échang- | cambio, cambiar, cambiar- | cambio, cambiare, cambiar-, sostitu- | ruilen, omruilen, omruil-, geruild
payment: payment, pay, paying, paid | Zahlung, zahlen, Bezahlung, bezahlen, Zahlungsart, Zahlungsmittel, zahlung-, zahlt, gezahlt, bezahl- | paiement, payer, payez, payé | pago, pagar, paga, pagan, pagado | pagamento, pagare, paga, pagat- | betaling, betalen, betaalmethode, betaal, betaalt, betaald, betaalm-
invoice: invoice | Rechnung | facture | factura | fattura | factuur
warranty: warranty, guarantee, guarant- | Garantie, Gewährleistung, gewährleist- | garantie, garanti- | garantía, garant- | garanzia, garant- | garantie, garanti-
contact: contact, get in touch, reach you, reach someone, talk to someone, speak to someone, customer service, customer support | Kontakt, kontaktieren, erreichen, erreiche, Kundendienst, Kundenservice | contact, contacter, joindre, service client | contacto, contactar, atención al cliente | contatto, contatti, contattare, servizio clienti | contact, bereiken, klantenservice
phone < contact: phone, telephone, call you, ring you | Telefon, Telefonnummer, anrufen | téléphone, appeler | teléfono, llamar | telefono, telefonare | telefoon, telefoonnummer, bellen
mail < contact: email, e-mail | E-Mail | courriel, e-mail | correo electrónico, email | e-mail, email | e-mail, email
parcel < shipping: parcel, package, packet | Paket, Sendung | colis, paquet | paquete | pacco | pakket, pakje
order: order, purchase, order- | Bestellung, bestellen, bestell- | commande, commander | pedido | ordine, ordinare | bestelling, bestellen, bestel-
track < shipping: tracking, track | Sendungsverfolgung, verfolgen | suivi, suivre | seguimiento, rastrear | tracciamento, tracciare | volgen
voucher: voucher, coupon, promo code, discount code, promotion code | Gutschein, Gutscheincode, Rabattcode | code promo, bon de réduction | cupón, código promocional, código de descuento | codice sconto, codice promozionale, coupon | kortingscode, kortingsbon
giftcard: gift card, gift voucher, gift certificate | Geschenkkarte, Geschenkgutschein | carte cadeau, chèque cadeau | tarjeta regalo | carta regalo, buono regalo | cadeaukaart, cadeaubon
cancel: cancel, cancellation, cancel- | stornieren, Stornierung, Storno, stornier- | annuler, annulation, annul- | cancelar, cancelación, anular, anulo, cancel- | annullare, annullamento, annull- | annuleren, annulering, annul-, geannuleer-
repair < warranty: repair, mend, repair- | Reparatur, reparieren, reparier- | réparation, réparer, répar- | reparación, reparar, repar- | riparazione, riparare, ripar- | reparatie, repareren, repar-, gerepareer-
faulty < warranty: faulty, defective, damaged, broken | defekt, kaputt, beschädigt | défectueux, endommagé, cassé | defectuoso, dañado, roto | difettoso, danneggiato, rotto | defect, beschadigd, kapot
lost: lost, missing | verloren, verschwunden | perdu | perdido, extraviado | smarrito, perso | kwijt, zoekgeraakt
discount: discount, rebate, reduction | Rabatt, Nachlass, Ermäßigung | remise, réduction, rabais | descuento, rebaja | sconto, riduzione | korting
hours: opening hours, opening times, business hours, open on, closed on | Öffnungszeiten, geöffnet, offen | heures d'ouverture, horaires, êtes ouverts, êtes ouvert, ouvrez | horario de apertura, horario, abierto, abierta, abren | orari di apertura, orario, aperti, aperto, aprite | openingstijden, openingsuren, geopend
store < hours: physical store, showroom, visit your store | Laden, Ladengeschäft, Filiale | boutique, magasin | tienda física, tienda | negozio, punto vendita | winkel, filiaal
sizes: size guide, size chart, sizing | Größentabelle, Größenberater | guide des tailles | guía de tallas | guida alle taglie | maattabel
size: size | Größe, Größen | taille | talla | taglia | maat
abroad: country, abroad, international, worldwide, overseas, international- | Land, Länder, Ausland, international, weltweit, international- | étranger, international, monde entier, international- | país, países, extranjero, internacional, todo el mundo, internacional- | paese, paesi, estero, internazionale, tutto il mondo, internazional- | land, landen, buitenland, internationaal, wereldwijd, internationa-
europe: Europe, EU | Europa, EU | Europe, UE | Europa, UE | Europa, UE | Europa, EU
`
