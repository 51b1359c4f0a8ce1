using System.Globalization;
using Dmkd.Client.Doctor;
using Spectre.Console;

namespace Dmkd.Client.Rendering;

/// <summary>A check-up for a person: one line per part.</summary>
internal static class CheckupTable
{
    public static Table Of(Checkup checkup, string convolutions)
    {
        var table = new Table().AddColumns("", "found").HideHeaders();
        var (processor, torch, home, silo) = (checkup.Processor, checkup.Libtorch, checkup.Home, checkup.Silo);
        Add("processor", $"{processor.Name}, {processor.Cores} cores, {processor.Instructions}");
        Add(
            "libtorch",
            $"{torch.Version} from {torch.Folder}{(torch.ScalarGuard ? "" : ", without the scalar guard")}"
        );
        Add("oneDNN", checkup.OneDnn ?? "unknown");
        Add(
            "convolutions",
            string.Create(CultureInfo.InvariantCulture, $"{convolutions} ({checkup.Convolutions.Milliseconds:F0} ms)")
        );
        foreach (var data in checkup.DataFolders)
            Add(
                "data",
                data.Problem ?? $"{data.Kind}{(data.Path is null ? "" : $" in {data.Path}")}: {data.Classes} classes"
            );
        Add("home", home.Problem ?? $"{home.Path}, {Stored(home)}, {Gigabytes(home.FreeBytes)} free");
        Add(
            "silo",
            silo.Problem
                ?? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{silo.Place}: {silo.Active} at work, answered in {silo.Milliseconds:F0} ms"
                )
        );
        return table;

        void Add(string part, string found) => table.AddRow(new Text(part), new Text(found));
    }

    private static string Stored(HomeCheck home)
    {
        if (!home.Exists)
            return "not made yet";
        return home.DatabaseBytes == 0
            ? "nothing stored"
            : string.Create(CultureInfo.InvariantCulture, $"{home.DatabaseBytes / 1e6:F1} MB of state");
    }

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB");
}
