#:property PublishAot=false
#:property Nullable=enable

// Regenerates tables 4 and 5 of docs/results/merging.md with the program a user runs, one command per cell:
//
//   dotnet build -c Release client && dotnet run eng/evidence/merging.cs -- [OUTPUT_FOLDER] [TABLE...]
//
// Cells that are in the folder already are not run again, so it may be stopped and started. The images are looked for
// in ../shared, or
// where DMKD_IMAGES says; DMKD_PROGRAM names another build of the console.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int[] seeds = [1, 2, 3];
string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ScriptPath())!, "..", ".."));
string program =
    Environment.GetEnvironmentVariable("DMKD_PROGRAM")
    ?? Path.Combine(root, "artifacts", "bin", "Dmkd.Client", "release", "dmkd");
string images =
    Environment.GetEnvironmentVariable("DMKD_IMAGES")
    ?? Path.Combine(root, "..", "shared", "data", "cifar10-images.zip");
string folder = Path.GetFullPath(args.Length > 0 ? args[0] : Path.Combine(root, "artifacts", "evidence", "merging"));
HashSet<string> wanted = args.Length > 1 ? [.. args[1..]] : ["4", "5"];
foreach (string needed in (string[])[program, images])
    if (!File.Exists(needed))
        return Fail($"There is no {needed}.");
Directory.CreateDirectory(folder);

// One task of all ten classes: one expert, four nodes with unlike data, ten rounds. What counts is how the ten merges
// do.
string[] budget =
[
    "--data",
    "images",
    "--data-path",
    images,
    "--train-per-class",
    "200",
    "--test-per-class",
    "500",
    "--tasks",
    "1",
    "--legacy-tasks",
    "0",
    "--nodes",
    "4",
    "--rounds",
    "10",
    "--epochs",
    "2",
    "--all-rotations",
    "false",
    "--no-baseline",
];
StringBuilder tables = new();
if (wanted.Contains("4"))
    Communication();
if (wanted.Contains("5"))
    Schedules();
File.WriteAllText(Path.Combine(folder, "tables.md"), tables.ToString());
return 0;

void Communication()
{
    Line("### Table 4: what is sent");
    Line("");
    Line(
        "| sent as | error feedback | values | accuracy | against dense | bytes up per update | "
            + "bytes down per update | up, times fewer | down, times fewer |"
    );
    Line("|---|---|---|---|---|---|---|---|---|");
    // Running statistics belong to the weights they were measured under: those of the merged weights are measured
    // anew, for every row.
    var dense = Cells("dense-fp32", "--compressor", "dense", "--reestimate-batch-norm", "--merge-rule", "weighted");
    foreach (
        var (name, compressor) in ((string, string[])[])
            [
                ("dense", ["--compressor", "dense"]),
                ("svd, r = 1", ["--compressor", "svd", "--rank", "1"]),
                ("svd, r = 3", ["--compressor", "svd", "--rank", "3"]),
                ("svd, r = 4", ["--compressor", "svd", "--rank", "4"]),
                ("powersgd, r = 1", ["--compressor", "powersgd", "--rank", "1"]),
                ("powersgd, r = 3", ["--compressor", "powersgd", "--rank", "3"]),
                ("powersgd, r = 4", ["--compressor", "powersgd", "--rank", "4"]),
            ]
    )
    {
        foreach (bool half in (bool[])[false, true])
        {
            foreach (bool feedback in (bool[])[false, true])
            {
                if (name == "dense" && feedback && !half)
                    continue; // nothing is dropped
                if (name.EndsWith("r = 3", StringComparison.Ordinal) && !(half && feedback))
                    continue; // the rows that get twenty times
                string[] options =
                [
                    .. compressor,
                    "--reestimate-batch-norm",
                    "--merge-rule",
                    "weighted",
                    .. half ? (string[])["--fp16"] : [],
                    .. feedback ? (string[])["--error-feedback"] : [],
                ];
                string cell =
                    $"{string.Join('-', compressor.Where(option => !option.StartsWith('-')))}-{(half ? "fp16" : "fp32")}{(feedback ? "-feedback" : "")}";
                var cells = cell == "dense-fp32" ? dense : Cells(cell, options);
                double up = Mean(cells, "bytesUp"),
                    down = Mean(cells, "bytesDown");
                Line(
                    $"| {name} | {(feedback ? "yes" : "no")} | {(half ? "fp16" : "fp32")} | {Spread(cells)} | "
                        + $"{100 * (Mean(cells, "finalAccuracy") - Mean(dense, "finalAccuracy")):+0.0;-0.0} | "
                        + $"{up / 40:N0} | {down / 40:N0} | {Mean(dense, "bytesUp") / up:F1} | "
                        + $"{Mean(dense, "bytesDown") / down:F1} |"
                );
            }
        }
    }

    Line("");
    Line("With a wider last layer (`--widths 16,32,64,128`):");
    Line("");
    Line(
        "| sent as | error feedback | values | accuracy | against dense | bytes up per update | "
            + "bytes down per update | up, times fewer | down, times fewer |"
    );
    Line("|---|---|---|---|---|---|---|---|---|");
    string[] wide = ["--widths", "16,32,64,128", "--reestimate-batch-norm", "--merge-rule", "weighted"];
    var whole = Cells("wide-dense-fp32", [.. wide, "--compressor", "dense"]);
    foreach (
        var (name, cells) in ((string, JsonElement[])[])
            [
                ("dense | no | fp32", whole),
                ("svd, r = 4 | yes | fp16", WideSvd(4)),
                ("svd, r = 6 | yes | fp16", WideSvd(6)),
            ]
    )
    {
        double up = Mean(cells, "bytesUp"),
            down = Mean(cells, "bytesDown");
        Line(
            $"| {name} | {Spread(cells)} | {100 * (Mean(cells, "finalAccuracy") - Mean(whole, "finalAccuracy")):+0.0;-0.0} | "
                + $"{up / 40:N0} | {down / 40:N0} | {Mean(whole, "bytesUp") / up:F1} | {Mean(whole, "bytesDown") / down:F1} |"
        );
    }

    Line("");

    JsonElement[] WideSvd(int rank) =>
        Cells(
            $"wide-svd-{rank}-fp16-feedback",
            [.. wide, "--compressor", "svd", "--rank", $"{rank}", "--error-feedback", "--fp16"]
        );
}

void Schedules()
{
    Line("### Table 5: how often, and from where");
    Line("");
    Line("| tau | first weights | merge | accuracy |");
    Line("|---|---|---|---|");
    string[] restated = ["--reestimate-batch-norm"];
    foreach (
        var (tau, own, merge, options) in ((int, bool, string, string[])[])
            [
                (1, false, "mean", []),
                (1, false, "mean, batch norm re-estimated", restated),
                (2, false, "mean, batch norm re-estimated", restated),
                (5, false, "mean, batch norm re-estimated", restated),
                (1, true, "mean", []),
                (1, true, "mean, batch norm re-estimated", restated),
                (1, true, "aligned, batch norm re-estimated", [.. restated, "--align"]),
            ]
    )
    {
        string cell = $"tau-{tau}-{(own ? "own" : "common")}-{merge.Replace(", ", "-").Replace(' ', '-')}";
        string[] all =
        [
            "--merge-rule",
            "mean",
            "--merge-every",
            $"{tau}",
            "--compressor",
            "dense",
            .. own ? (string[])["--own-first-weights"] : [],
            .. options,
        ];
        Line($"| {tau} | {(own ? "of each node" : "common")} | {merge} | {Spread(Cells(cell, all))} |");
    }

    Line("");
}

JsonElement[] Cells(string name, params string[] options) =>
    [.. seeds.Select(seed => Cell($"{name}-{seed}", [.. budget, "--seed", $"{seed}", .. options]))];

JsonElement Cell(string name, string[] options)
{
    string file = Path.Combine(folder, $"{name}.json");
    if (!File.Exists(file))
    {
        string home = Path.Combine(folder, "home");
        var clock = Stopwatch.StartNew();
        var start = new ProcessStartInfo(program, ["run", .. options, "--json", "--home", home])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{name}: exit code {process.ExitCode}\n{errors.Result}");
        if (Directory.Exists(home))
            Directory.Delete(home, recursive: true);
        File.WriteAllText($"{file}.tmp", output);
        File.Move($"{file}.tmp", file);
        Console.Error.WriteLine($"{name}: {clock.Elapsed.TotalSeconds:F0} s");
    }

    return JsonDocument.Parse(File.ReadAllText(file)).RootElement;
}

double Mean(JsonElement[] cells, string field) => cells.Average(cell => cell.GetProperty(field).GetDouble());

string Spread(JsonElement[] cells)
{
    double[] values = [.. cells.Select(cell => 100 * cell.GetProperty("finalAccuracy").GetDouble())];
    double mean = values.Average(),
        deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    return $"{mean:F1} ± {deviation:F1}";
}

void Line(string text)
{
    Console.WriteLine(text);
    tables.AppendLine(text);
}

int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 2;
}

static string ScriptPath([CallerFilePath] string path = "") => path;
