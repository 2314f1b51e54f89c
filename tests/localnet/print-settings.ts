// Prints the settings that it finds in its environment, and stays.
console.log(
  `settings: ${JSON.stringify(Object.entries(process.env).filter(([name, value]) => name.startsWith("BLOCKZERO_") && value))}`,
);
setInterval(() => {}, 1000);
