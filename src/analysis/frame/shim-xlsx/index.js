const refuse = (what) => () => {
  throw new Error(`${what}: spreadsheets are not supported here. Save the sheet as CSV and read that.`);
};
module.exports = {
  read: refuse('xlsx.read'),
  readFile: refuse('xlsx.readFile'),
  writeFile: refuse('xlsx.writeFile'),
  utils: {
    sheet_to_json: refuse('xlsx.utils.sheet_to_json'),
    aoa_to_sheet: refuse('xlsx.utils.aoa_to_sheet'),
    book_new: refuse('xlsx.utils.book_new'),
    book_append_sheet: refuse('xlsx.utils.book_append_sheet'),
  },
};
