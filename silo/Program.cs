using Dmkd.Grains.Hosting;
using Dmkd.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder(args);
var settings = builder.Configuration.GetSection("Dmkd");
string home = settings["Home"] ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "dmkd-silo");

builder.Services.AddTelemetryDefaults("dmkd-silo");
builder.UseOrleans(silo => silo
    .UseSingleSilo(settings.GetValue("SiloPort", 11111), settings.GetValue("GatewayPort", 30000))
    .AddDmkd(new SiloStorageOptions(home)));

await builder.Build().RunAsync();
