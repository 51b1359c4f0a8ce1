#:property PublishAot=false
#:property Nullable=enable

// Regenerates the tables of docs/results/preservation.md with the program a user runs, one command per cell:
//
//   dotnet build -c Release client && dotnet run eng/evidence/preservation.cs -- [OUTPUT_FOLDER] [TABLE...]
//
// Cells that are in the folder already are not run again, so it may be stopped and started. About two hours on two
// idle cores.
// The checkpoint and the images are looked for in ../shared, or where DMKD_CHECKPOINT and DMKD_IMAGES say.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const string Groups = "airplane,automobile,ship,truck;bird,cat,deer,dog,frog,horse";
int[] seeds = [1, 2, 3];
string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ScriptPath())!, "..", ".."));
string program =
    Environment.GetEnvironmentVariable("DMKD_PROGRAM")
    ?? Path.Combine(root, "artifacts", "bin", "Dmkd.Client", "release", "dmkd");
string checkpoint =
    Environment.GetEnvironmentVariable("DMKD_CHECKPOINT")
    ?? Path.Combine(root, "..", "shared", "checkpoints", "resnet20-12fca82f.th");
string images =
    Environment.GetEnvironmentVariable("DMKD_IMAGES")
    ?? Path.Combine(root, "..", "shared", "data", "cifar10-images.zip");
string folder = Path.GetFullPath(
    args.Length > 0 ? args[0] : Path.Combine(root, "artifacts", "evidence", "preservation")
);
HashSet<string> wanted = args.Length > 1 ? [.. args[1..]] : ["1", "2", "3", "4"];
foreach (string needed in (string[])[program, checkpoint, images])
    if (!File.Exists(needed))
        return Fail($"There is no {needed}.");
Directory.CreateDirectory(folder);
string[] model = ["--architecture", "resnet20"],
    data = ["--data", "images", "--data-path", images];

// 40 % of the legacy model's MACs, most of them for the gate: what is lost is lost there. As many epochs as 20
// minutes on two cores allow.
string[] librarySize =
[
    "--partition",
    "importance",
    "--gate-size",
    "0.3",
    "--expert-size",
    "0.1",
    "--epochs",
    "8",
    "--gate-epochs",
    "11",
];
StringBuilder tables = new();

if (wanted.Contains("1"))
    Import();
if (wanted.Contains("2"))
    Alpha();
if (wanted.Contains("3"))
    Partition();
if (wanted.Contains("4"))
    Library();
File.WriteAllText(Path.Combine(folder, "tables.md"), tables.ToString());
return 0;

void Import()
{
    string converted = Path.Combine(folder, "resnet20.safetensors"),
        first = Path.Combine(folder, "logits-1.safetensors"),
        second = Path.Combine(folder, "logits-2.safetensors");
    Cell("convert", ["convert", "--checkpoint", checkpoint, .. model, "--output", converted, "--force"]);
    var original = Cell(
        "evaluate-original",
        [
            "evaluate",
            "--checkpoint",
            checkpoint,
            .. model,
            .. data,
            "--normalize",
            "imagenet",
            "--logits",
            first,
            "--force",
        ]
    );
    var again = Cell(
        "evaluate-converted",
        [
            "evaluate",
            "--checkpoint",
            converted,
            .. model,
            .. data,
            "--normalize",
            "imagenet",
            "--logits",
            second,
            "--force",
        ]
    );
    Line("### Table 1: import and export");
    Line("");
    Line("| file | right of 10,000 | SHA-256 of all logits |");
    Line("|---|---|---|");
    Line($"| published .th | {original.GetProperty("correct")} | {Digest(first)} |");
    Line($"| exported to safetensors, imported again | {again.GetProperty("correct")} | {Digest(second)} |");
    Line("");
}

void Alpha()
{
    double[] alphas = [0, 0.25, 0.5, 0.75, 1];
    foreach (double alpha in alphas)
        _ = Budget(alpha, "small", 2); // the short ones first
    Line("### Table 2: alpha, at equal steps of distillation");
    Line("");
    Line("| alpha | vehicles, small | animals, small | vehicles, large | animals, large |");
    Line("|---|---|---|---|---|");
    foreach (double alpha in alphas)
    {
        var small = Budget(alpha, "small", 2);
        var large = Budget(alpha, "large", 4);
        Line($"| {alpha} | {Spread(small, 0)} | {Spread(small, 1)} | {Spread(large, 0)} | {Spread(large, 1)} |");
    }

    Line("");

    JsonElement[] Budget(double alpha, string name, int epochs) =>
        [
            .. seeds.Select(seed =>
                Pair($"alpha-{alpha}-{name}-{seed}", seed, epochs, "--partition", "importance", "--alpha", $"{alpha}")
            ),
        ];
}

void Partition()
{
    Line("### Table 3: partitions and scores, at equal steps of distillation (large budget, alpha 0.5)");
    Line("");
    Line("| partition | scores | vehicles before | vehicles after | animals before | animals after |");
    Line("|---|---|---|---|---|---|");
    foreach (
        var (partition, scores) in ((string, string)[])
            [("spectral", "gradient"), ("random", "gradient"), ("importance", "gradient"), ("spectral", "magnitude")]
    )
    {
        var cells = seeds
            .Select(seed =>
                Pair($"partition-{partition}-{scores}-{seed}", seed, 4, "--partition", partition, "--scores", scores)
            )
            .ToArray();
        Line(
            $"| {partition} | {scores} | {Spread(cells, 0, "accuracyBefore")} | {Spread(cells, 0)} | "
                + $"{Spread(cells, 1, "accuracyBefore")} | {Spread(cells, 1)} |"
        );
    }

    Line("");
}

void Library()
{
    Line("### Table 4: libraries");
    Line("");
    Line("| K | R | accuracy | against legacy | right expert | MACs per input | of legacy | minutes |");
    Line("|---|---|---|---|---|---|---|---|");
    foreach (int experts in (int[])[2, 3, 5])
    {
        var cell = Cell(
            $"library-{experts}",
            [
                "preserve",
                "--checkpoint",
                checkpoint,
                .. model,
                .. data,
                "--experts",
                $"{experts}",
                "--seed",
                "1",
                "--plot",
                Path.Combine(folder, $"partition-{experts}.png"),
                "--force",
                .. librarySize,
            ]
        );
        double legacy = cell.GetProperty("legacy").GetProperty("accuracy").GetDouble(),
            cost = cell.GetProperty("legacy").GetProperty("multiplyAdds").GetDouble();
        foreach (var routed in cell.GetProperty("routed").EnumerateArray())
        {
            double accuracy = routed.GetProperty("accuracy").GetDouble(),
                macs = routed.GetProperty("multiplyAdds").GetDouble();
            Line(
                $"| {experts} | {routed.GetProperty("topExperts")} | {100 * accuracy:F2} | "
                    + $"{100 * (accuracy - legacy):+0.00;-0.00} | "
                    + $"{100 * routed.GetProperty("rightExpert").GetDouble():F1} | {macs / 1e6:F2} M | "
                    + $"{100 * macs / cost:F1} % | {cell.GetProperty("wallSeconds").GetDouble() / 60:F1} |"
            );
        }
    }

    Line("");
}

// Two experts of 30 % of the MACs, 1,000 images a class to learn from and 500 to test on, no gate network.
JsonElement Pair(string name, int seed, int epochs, params string[] options) =>
    Cell(
        name,
        [
            "preserve",
            "--checkpoint",
            checkpoint,
            .. model,
            .. data,
            "--train-per-class",
            "1000",
            "--test-per-class",
            "500",
            "--experts",
            "2",
            "--classes-per-expert",
            Groups,
            "--expert-size",
            "0.3",
            "--gate-size",
            "0",
            "--no-augment",
            "--epochs",
            $"{epochs}",
            "--seed",
            $"{seed}",
            .. options,
        ]
    );

JsonElement Cell(string name, string[] options)
{
    string file = Path.Combine(folder, $"{name}.json");
    if (!File.Exists(file))
    {
        string home = Path.Combine(folder, "home");
        var clock = Stopwatch.StartNew();
        var start = new ProcessStartInfo(program, [.. options, "--json", "--home", home])
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

string Spread(JsonElement[] cells, int module, string field = "accuracyAfter")
{
    double[] values =
    [
        .. cells.Select(cell => 100 * cell.GetProperty("modules")[module].GetProperty(field).GetDouble()),
    ];
    double mean = values.Average(),
        deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    return $"{mean:F1} ± {deviation:F1}";
}

string Digest(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))[..16];

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
