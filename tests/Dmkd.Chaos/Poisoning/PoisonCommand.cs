using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Core.Merging.Rules;
using Dmkd.Data.Images;
using Dmkd.Hosting.Placement;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Poisoning;

/// <summary><c>poison</c>: what hostile nodes can do to a module, for every attack, fraction and merge rule.</summary>
internal static class PoisonCommand
{
    private const int Stopped = 130; // as after an interrupt
    private static readonly PoisonSettings Defaults = new();

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var attacks = List("--attacks", $"Attacks: {string.Join(", ", AttackNames.All)}", AttackNames.All);
        var fractions = List("--fractions", "Shares of the nodes that attack", Defaults.Fractions);
        var rules = List(
            "--rules",
            $"Merge rules: {string.Join(", ", IMergeRule.Known.Names)}, or with a parameter, such as trimmed-0.3",
            Defaults.Rules
        );
        var nodes = Number("--nodes", "Nodes, those that attack among them", Defaults.Nodes);
        var rounds = Number("--rounds", "Rounds", Defaults.Rounds);
        var seed = Number("--seed", "Seed; equal seeds give equal numbers", Defaults.Seed);
        var repeats = Number(
            "--repeats",
            "Runs per cell, with the seeds that follow; rows hold means",
            Defaults.Repeats
        );
        var data = Number("--data", $"Data set: {string.Join(", ", DatasetSpec.Kinds)}", Defaults.Data.Kind);
        var dataPath = new Option<string?>("--data-path") { Description = "Folder or zip of the data set" };
        var classes = Number("--classes", "Classes used, the data set's first", Defaults.Classes);
        var full = new Option<bool>("--full-size")
        {
            Description = "Leave images as they are; else they are brought to half their height and width",
        };
        var train = Number("--train-per-class", "Training images per class", Defaults.Data.TrainPerClass!.Value);
        var test = Number("--test-per-class", "Test images per class", Defaults.Data.TestPerClass!.Value);
        var epochs = Number("--epochs", "Passes over a node's images in a round", Defaults.Epochs);
        var batch = Number("--batch-size", "Images per training step", Defaults.BatchSize);
        var rate = Number(
            "--learning-rate",
            "Learning rate of the first round; falls by a cosine",
            Defaults.LearningRate
        );
        var widths = List("--widths", "Channels of the network's layers", Defaults.Widths);
        var dirichlet = Number(
            "--dirichlet",
            "Concentration of the draw that spreads the classes over the nodes: small is uneven",
            Defaults.Dirichlet
        );
        var claim = Number("--claim", "Images that an inflating node claims", Defaults.Claim);
        var json = new Option<bool>("--json") { Description = "Print one JSON document" };
        var command = new Command(
            "poison",
            "Lets some nodes attack, and measures what the merged module loses under each merge rule"
        )
        {
            attacks,
            fractions,
            rules,
            nodes,
            rounds,
            seed,
            repeats,
            data,
            dataPath,
            classes,
            full,
            train,
            test,
            epochs,
            batch,
            rate,
            widths,
            dirichlet,
            claim,
            json,
        };
        command.SetAction(
            (parsed, stopping) =>
                RunAsync(
                    new PoisonSettings
                    {
                        Attacks = parsed.GetValue(attacks)!,
                        Fractions = parsed.GetValue(fractions)!,
                        Rules = parsed.GetValue(rules)!,
                        Nodes = parsed.GetValue(nodes),
                        Rounds = parsed.GetValue(rounds),
                        Seed = parsed.GetValue(seed),
                        Repeats = parsed.GetValue(repeats),
                        Data = new DatasetSpec
                        {
                            Kind = parsed.GetValue(data)!,
                            Path = parsed.GetValue(dataPath),
                            TrainPerClass = parsed.GetValue(train),
                            TestPerClass = parsed.GetValue(test),
                        },
                        Classes = parsed.GetValue(classes),
                        Halves = !parsed.GetValue(full),
                        Epochs = parsed.GetValue(epochs),
                        BatchSize = parsed.GetValue(batch),
                        LearningRate = parsed.GetValue(rate),
                        Widths = parsed.GetValue(widths)!,
                        Dirichlet = parsed.GetValue(dirichlet),
                        Claim = parsed.GetValue(claim),
                    },
                    parsed.GetValue(json),
                    stopping
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(PoisonSettings settings, bool asJson, CancellationToken stopping)
    {
        if (ProblemOf(settings) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return 2;
        }

        var clock = Stopwatch.StartNew();
        using var devices = new SiloDevices(Unheard.Instruments, NullLogger<SiloDevices>.Instance);
        try
        {
            var rows = await new PoisonStudy(
                settings,
                devices,
                text => Console.Error.WriteLine($"{clock.Elapsed:mm\\:ss} {text}")
            ).RunAsync(stopping);
            if (asJson)
                Console.WriteLine(JsonSerializer.Serialize(rows, Web));
            else
                foreach (string line in PoisonTable.Lines(rows))
                    Console.WriteLine(line);
            PoisonRow[] broken =
            [
                .. rows.Where(row => AttackNames.WithoutEffect.Contains(row.Attack) && !row.SameDigests),
            ];
            foreach (var row in broken)
                await Console.Error.WriteLineAsync(
                    $"{row.Attack} at {row.Fraction:0.0#} under {row.Rule} must have no effect; the digests "
                        + $"differ from those of the honest nodes alone."
                );
            return broken.Length == 0 ? 0 : 1;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("stopped before the end");
            return Stopped;
        }
        catch (DatasetException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }
    }

    private static string? ProblemOf(PoisonSettings settings)
    {
        if (settings.Attacks.FirstOrDefault(attack => !AttackNames.All.Contains(attack)) is { } unknown)
            return $"--attacks must be of {string.Join(", ", AttackNames.All)}; one is '{unknown}'.";
        foreach (double fraction in settings.Fractions)
            if (!(fraction is > 0 and < 0.5))
                return $"--fractions must be above 0 and below 0.5; one is {fraction}.";
        if (settings.Nodes < 3)
            return $"--nodes must be at least 3, not {settings.Nodes}.";
        if (settings.Classes < 2)
            return $"--classes must be at least 2, not {settings.Classes}.";
        if (settings.Rounds < 1 || settings.Epochs < 1 || settings.Repeats < 1)
            return "--rounds, --epochs and --repeats must be at least 1.";
        if (!(settings.Dirichlet > 0))
            return $"--dirichlet must be above 0, not {settings.Dirichlet}.";
        if (settings.Claim < 1)
            return $"--claim must be at least 1, not {settings.Claim}.";
        try
        {
            foreach (string rule in settings.Rules)
                IMergeRule.Known.Find(rule);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    private static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<T[]> List<T>(string name, string description, IEnumerable<T> all) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => [.. all],
            AllowMultipleArgumentsPerToken = true,
        };
}
