package retrieval

// commonLanguages are those of the columns of commonTable.
const commonLanguages = "en de fr es it nl"

// commonTable is what shops and their shoppers everywhere call by several words,
// a line for each thing: its name, and its words in each of commonLanguages.
// They are words of a shop's terms and of where it sends to, not of what it
// sells, which is for the shop to say. A word that is more often something else
// is left out: customs, which a token of custom-made is, and Zoll, which is an
// inch.
//
//nolint:misspell // five other languages
const commonTable = `
shipping: shipping, ship, shipment, delivery, deliver, dispatch, postage | Versand, versenden, verschicken, Lieferung, liefern, liefert, Zustellung, Versandkosten, Lieferkosten, Lieferzeit | livraison, livrer, livrez, expédition, expédier, frais de port | envío, envíos, enviar, envían, entrega, entregar, gastos de envío | spedizione, spedire, spedite, consegna, consegnare | verzending, verzenden, bezorging, bezorgen, levering, leveren, verzendkosten
return: return, refund, send back, give back, bring back, money back | Rückgabe, zurückgeben, zurückschicken, zurücksenden, Rücksendung, Retoure, Erstattung, Rückerstattung, Widerruf, Geld zurück | retour, retourner, renvoyer, remboursement, rembourser | devolución, devolver, reembolso, reembolsar | reso, resi, restituire, restituzione, rimborso, rimborsare | retour, retourneren, terugsturen, terugzenden, terugbetaling, terugbetalen
exchange: exchange, swap | Umtausch, umtauschen | échange, échanger | cambio, cambiar | cambio, cambiare | ruilen, omruilen
payment: payment, pay | Zahlung, zahlen, Bezahlung, bezahlen, Zahlungsart, Zahlungsmittel | paiement, payer | pago, pagar | pagamento, pagare | betaling, betalen, betaalmethode
invoice: invoice | Rechnung | facture | factura | fattura | factuur
warranty: warranty, guarantee | Garantie, Gewährleistung | garantie | garantía | garanzia | garantie
contact: contact, get in touch, reach you, reach someone, talk to someone, speak to someone, customer service, customer support | Kontakt, kontaktieren, erreichen, erreiche, Kundendienst, Kundenservice | contact, contacter, joindre, service client | contacto, contactar, atención al cliente | contatto, contatti, contattare, servizio clienti | contact, bereiken, klantenservice
phone: phone, telephone, call you, ring you | Telefon, Telefonnummer, anrufen | téléphone, appeler | teléfono, llamar | telefono, telefonare | telefoon, telefoonnummer, bellen
mail: email, e-mail | E-Mail | courriel, e-mail | correo electrónico, email | e-mail, email | e-mail, email
parcel: parcel, package, packet | Paket, Sendung | colis, paquet | paquete | pacco | pakket, pakje
order: order, purchase | Bestellung, bestellen | commande, commander | pedido | ordine, ordinare | bestelling, bestellen
track: tracking, track | Sendungsverfolgung, verfolgen | suivi, suivre | seguimiento, rastrear | tracciamento, tracciare | volgen
voucher: voucher, coupon, promo code, discount code, promotion code | Gutschein, Gutscheincode, Rabattcode | code promo, bon de réduction | cupón, código promocional, código de descuento | codice sconto, codice promozionale, coupon | kortingscode, kortingsbon
giftcard: gift card, gift voucher, gift certificate | Geschenkkarte, Geschenkgutschein | carte cadeau, chèque cadeau | tarjeta regalo | carta regalo, buono regalo | cadeaukaart, cadeaubon
cancel: cancel, cancellation | stornieren, Stornierung, Storno | annuler, annulation | cancelar, cancelación, anular | annullare, annullamento | annuleren, annulering
repair: repair, mend | Reparatur, reparieren | réparation, réparer | reparación, reparar | riparazione, riparare | reparatie, repareren
faulty: faulty, defective, damaged, broken | defekt, kaputt, beschädigt | défectueux, endommagé, cassé | defectuoso, dañado, roto | difettoso, danneggiato, rotto | defect, beschadigd, kapot
lost: lost, missing | verloren, verschwunden | perdu | perdido, extraviado | smarrito, perso | kwijt, zoekgeraakt
discount: discount, rebate, reduction | Rabatt, Nachlass, Ermäßigung | remise, réduction, rabais | descuento, rebaja | sconto, riduzione | korting
hours: opening hours, opening times, business hours | Öffnungszeiten | heures d'ouverture, horaires | horario de apertura, horario | orari di apertura, orario | openingstijden, openingsuren
sizes: size guide, size chart, sizing | Größentabelle, Größenberater | guide des tailles | guía de tallas | guida alle taglie | maattabel
size: size | Größe, Größen | taille | talla | taglia | maat
germany: Germany | Deutschland | Allemagne | Alemania | Germania | Duitsland
austria: Austria | Österreich | Autriche | Austria | Austria | Oostenrijk
switzerland: Switzerland | Schweiz | Suisse | Suiza | Svizzera | Zwitserland
france: France | Frankreich | France | Francia | Francia | Frankrijk
spain: Spain | Spanien | Espagne | España | Spagna | Spanje
italy: Italy | Italien | Italie | Italia | Italia | Italië
netherlands: Netherlands, Holland | Niederlande, Holland | Pays-Bas | Países Bajos, Holanda | Paesi Bassi, Olanda | Nederland
belgium: Belgium | Belgien | Belgique | Bélgica | Belgio | België
uk: UK, United Kingdom, Great Britain, England | Großbritannien, Vereinigtes Königreich, England | Royaume-Uni, Angleterre | Reino Unido, Inglaterra | Regno Unito, Inghilterra | Verenigd Koninkrijk, Engeland
ireland: Ireland | Irland | Irlande | Irlanda | Irlanda | Ierland
norway: Norway | Norwegen | Norvège | Noruega | Norvegia | Noorwegen
sweden: Sweden | Schweden | Suède | Suecia | Svezia | Zweden
denmark: Denmark | Dänemark | Danemark | Dinamarca | Danimarca | Denemarken
finland: Finland | Finnland | Finlande | Finlandia | Finlandia | Finland
poland: Poland | Polen | Pologne | Polonia | Polonia | Polen
portugal: Portugal | Portugal | Portugal | Portugal | Portogallo | Portugal
usa: USA, United States, America | USA, Vereinigte Staaten, Amerika | États-Unis, Amérique | Estados Unidos, EE. UU. | Stati Uniti, America | Verenigde Staten, Amerika
canada: Canada | Kanada | Canada | Canadá | Canada | Canada
europe: Europe, EU | Europa, EU | Europe, UE | Europa, UE | Europa, UE | Europa, EU
`
