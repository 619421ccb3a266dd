package retrieval

// europe and elsewhere are the countries of ISO 3166 and what people call them in
// the six languages, one a line, a name once that is the same in several of them
// but for accents. Left out are those that nobody lives in, and Jersey, which is a
// garment.
//
//nolint:misspell // five other languages
const (
	europe = `
Albania, Albanien, Albanie
Andorra, Andorre
Austria, Österreich, Autriche, Oostenrijk
Belarus, Weißrussland, Biélorussie, Bielorrusia, Bielorussia, Wit-Rusland
Belgium, Belgien, Belgique, Bélgica, Belgio, België
Bosnia, Bosnien, Bosnie
Bulgaria, Bulgarien, Bulgarie, Bulgarije
Croatia, Kroatien, Croatie, Croacia, Croazia, Kroatië
Cyprus, Zypern, Chypre, Chipre, Cipro
Czechia, Czech Republic, Tschechien, Tchéquie, République tchèque, Chequia, República Checa, Cechia, Repubblica Ceca, Tsjechië
Denmark, Dänemark, Dinamarca, Danimarca, Denemarken
Estonia, Estland, Estonie
Faroe Islands, Färöer, Îles Féroé, Islas Feroe, Isole Faroe, Faeröer
Finland, Finnland, Finlande, Finlandia
France, Frankreich, Francia, Frankrijk
Germany, Deutschland, Allemagne, Alemania, Germania, Duitsland
Gibraltar, Gibilterra
Greece, Griechenland, Grèce, Grecia, Griekenland
Guernsey
Hungary, Ungarn, Hongrie, Hungría, Ungheria, Hongarije
Iceland, Island, Islande, Islandia, Islanda, IJsland
Ireland, Irland, Irlande, Irlanda, Ierland
Italy, Italien, Italia
Kosovo
Latvia, Lettland, Lettonie, Letonia, Lettonia, Letland
Liechtenstein
Lithuania, Litauen, Lituanie, Lituania, Litouwen
Luxembourg, Luxemburg, Luxemburgo, Lussemburgo
Malta, Malte
Moldova, Moldawien, Moldavie, Moldavia
Monaco
Montenegro
Netherlands, Holland, Niederlande, Niederlanden, Pays-Bas, Hollande, Países Bajos, Holanda, Paesi Bassi, Olanda, Nederland
Macedonia, Nordmazedonien, Macédoine, Noord-Macedonië
Norway, Norwegen, Norvège, Noruega, Norvegia, Noorwegen
Poland, Polen, Pologne, Polonia
Portugal, Portogallo
Romania, Rumänien, Roumanie, Rumania, Roemenië
Russia, Russland, Russie, Rusia, Rusland
San Marino, Saint-Marin
Serbia, Serbien, Serbie, Servië
Slovakia, Slowakei, Slovaquie, Eslovaquia, Slovacchia, Slowakije
Slovenia, Slowenien, Slovénie, Eslovenia
Spain, Spanien, Espagne, España, Spagna, Spanje
Sweden, Schweden, Suède, Suecia, Svezia, Zweden
Switzerland, Schweiz, Suisse, Suiza, Svizzera, Zwitserland
Turkey, Türkiye, Türkei, Turquie, Turquía, Turchia, Turkije
UK, United Kingdom, Great Britain, England, Scotland, Northern Ireland, Großbritannien, Vereinigtes Königreich, Schottland, Nordirland, Royaume-Uni, Grande-Bretagne, Angleterre, Écosse, Reino Unido, Gran Bretaña, Inglaterra, Escocia, Regno Unito, Gran Bretagna, Inghilterra, Scozia, Verenigd Koninkrijk, Groot-Brittannië, Engeland, Schotland
Ukraine, Ucrania, Ucraina, Oekraïne
Vatican, Vatikan, Vaticano, Vaticaan
`
	elsewhere = `
Afghanistan, Afganistán
Algeria, Algerien, Algérie, Argelia, Algerije
Angola
Antigua
Argentina, Argentinien, Argentine, Argentinië
Armenia, Armenien, Arménie
Aruba
Australia, Australien, Australie
Azerbaijan, Aserbaidschan, Azerbaïdjan, Azerbaiyán, Azerbaigian, Azerbeidzjan
Bahamas
Bahrain, Bahreïn, Baréin
Bangladesh
Barbados, Barbade
Belize
Benin
Bermuda, Bermudes
Bhutan, Bhoutan, Bután
Bolivia, Bolivien, Bolivie
Botswana, Botsuana
Brazil, Brasilien, Brésil, Brasil, Brasile, Brazilië
Brunei
Burkina Faso
Burundi
Cambodia, Kambodscha, Cambodge, Camboya, Cambogia, Cambodja
Cameroon, Kamerun, Cameroun, Camerún, Kameroen
Canada, Kanada
Cape Verde, Kap Verde, Cap-Vert, Cabo Verde, Capo Verde, Kaapverdië
Cayman Islands, Kaimaninseln, Îles Caïmans, Islas Caimán
Central African Republic, Zentralafrikanische Republik, République centrafricaine, República Centroafricana, Repubblica Centrafricana
Chad, Tschad, Tchad, Ciad, Tsjaad
Chile, Chili, Cile
China, Chine, Cina
Colombia, Kolumbien, Colombie
Comoros, Komoren, Comores, Comoras
Congo, Kongo
Costa Rica
Cuba, Kuba
Curaçao
Djibouti, Dschibuti, Yibuti, Gibuti
Dominica, Dominique
Dominican Republic, Dominikanische Republik, République dominicaine, República Dominicana, Repubblica Dominicana, Dominicaanse Republiek
East Timor, Timor-Leste, Osttimor, Timor Oriental, Timor Est, Oost-Timor
Ecuador, Équateur
Egypt, Ägypten, Égypte, Egipto, Egitto
El Salvador
Equatorial Guinea, Äquatorialguinea, Guinée équatoriale, Guinea Ecuatorial, Guinea Equatoriale, Equatoriaal-Guinea
Eritrea, Érythrée
Eswatini, Swaziland
Ethiopia, Äthiopien, Éthiopie, Etiopía
Fiji, Fidschi, Fidji, Fiyi, Figi
French Guiana, Guyane, Guayana
French Polynesia, Polynesien, Polynésie, Polinesia, Tahiti
Gabon, Gabun
Gambia, Gambie
Georgia, Georgien, Géorgie
Ghana
Greenland, Grönland, Groenland, Groenlandia
Grenada, Grenade, Granada
Guadeloupe, Guadalupe
Guam
Guatemala
Guinea, Guinée
Guyana
Haiti
Honduras
Hong Kong
India, Indien, Inde
Indonesia, Indonesien, Indonésie
Iran
Iraq, Irak
Israel, Israele
Ivory Coast, Elfenbeinküste, Côte d'Ivoire, Costa de Marfil, Costa d'Avorio, Ivoorkust
Jamaica, Jamaika, Jamaïque, Giamaica
Japan, Japon, Giappone
Jordan, Jordanien, Jordanie, Jordania, Giordania
Kazakhstan, Kasachstan, Kazajistán, Kazakistan, Kazachstan
Kenya, Kenia
Kiribati
Kuwait, Koweït, Koeweit
Kyrgyzstan, Kirgisistan, Kirghizistan, Kirguistán, Kirgizië
Laos
Lebanon, Libanon, Liban, Líbano
Lesotho
Liberia
Libya, Libyen, Libye, Libia, Libië
Macau, Macao
Madagascar, Madagaskar
Malawi
Malaysia, Malaisie, Malasia, Malesia, Maleisië
Maldives, Malediven, Maldivas
Mali
Marshall Islands, Marshallinseln, Îles Marshall, Islas Marshall
Martinique, Martinica
Mauritania, Mauretanien, Mauritanie
Mauritius, Maurice, Mauricio
Mexico, Mexiko, Mexique, Messico
Micronesia, Mikronesien, Micronésie
Mongolia, Mongolei, Mongolie
Morocco, Marokko, Maroc, Marruecos, Marocco
Mozambique, Mosambik, Mozambico
Myanmar, Burma, Birma, Birmanie, Birmania
Namibia, Namibie
Nauru
Nepal
New Caledonia, Neukaledonien, Nouvelle-Calédonie, Nueva Caledonia, Nuova Caledonia, Nieuw-Caledonië
New Zealand, Neuseeland, Nouvelle-Zélande, Nueva Zelanda, Nuova Zelanda, Nieuw-Zeeland
Nicaragua
Niger
Nigeria
North Korea, Nordkorea, Corée du Nord, Corea del Norte, Corea del Nord, Noord-Korea
Oman
Pakistan
Palau
Palestine, Palästina, Palestina
Panama
Papua New Guinea, Papua-Neuguinea, Papouasie, Papúa, Papoea
Paraguay
Peru, Pérou
Philippines, Philippinen, Filipinas, Filippine, Filipijnen
Puerto Rico, Porto Rico
Qatar, Katar
Réunion
Rwanda, Ruanda
Saint Lucia, Sainte-Lucie, Santa Lucía
Samoa
Saudi Arabia, Saudi-Arabien, Arabie saoudite, Arabia Saudí, Arabia Saudita, Saoedi-Arabië
Senegal
Seychelles, Seychellen
Sierra Leone, Sierra Leona
Singapore, Singapur, Singapour
Solomon Islands, Salomonen, Îles Salomon, Islas Salomón
Somalia, Somalie
South Africa, Südafrika, Afrique du Sud, Sudáfrica, Zuid-Afrika
South Korea, Korea, Südkorea, Corée, Corea, Zuid-Korea
Sri Lanka
Sudan, Soudan, Soedan
Suriname, Surinam
Syria, Syrien, Syrie, Siria
Taiwan
Tajikistan, Tadschikistan, Tadjikistan, Tayikistán, Tagikistan
Tanzania, Tansania, Tanzanie
Thailand, Thaïlande, Tailandia, Thailandia
Togo
Tonga
Trinidad
Tunisia, Tunesien, Tunisie, Túnez, Tunesië
Turkmenistan
Tuvalu
UAE, United Arab Emirates, Dubai, Arabische Emirate, Émirats arabes unis, Emiratos Árabes Unidos, Emirati Arabi Uniti, Arabische Emiraten
Uganda, Ouganda, Oeganda
Uruguay
USA, United States, America, Vereinigte Staaten, Vereinigten Staaten, Amerika, États-Unis, Amérique, Estados Unidos, EE. UU., Stati Uniti, Verenigde Staten
Uzbekistan, Usbekistan, Ouzbékistan, Oezbekistan
Vanuatu
Venezuela
Vietnam
Yemen, Jemen
Zambia, Sambia, Zambie
Zimbabwe, Simbabwe, Zimbabue
`
)
