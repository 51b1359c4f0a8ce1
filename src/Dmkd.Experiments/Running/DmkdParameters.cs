using System.Globalization;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Routing;
using Dmkd.Experiments.Plans;
using static Dmkd.Experiments.Running.DmkdParameter;

namespace Dmkd.Experiments.Running;

/// <summary>DMKD's parameters: the options of <c>run</c> by their names, without those that a whole experiment shares.</summary>
public static class DmkdParameters
{
    /// <summary>Name of the method.</summary>
    public const string MethodName = "dmkd";

    private static readonly SettingRange AtLeastZero = new(0, 1e6);
    private static readonly string[] ViewCounts = [.. Enumerable.Range(1, RotationLabels.MostViews).Where(RotationLabels.AreViews).Select(count => count.ToString(CultureInfo.InvariantCulture))];

    /// <summary>A new setting of a run becomes a parameter by a line here.</summary>
    private static readonly DmkdParameter[] All =
    [
        // What is learned.
        Number("alpha", nameof(RunSettings.Alpha), (settings, value) => settings with { Alpha = value }),
        Number("lambda", nameof(RunSettings.Lambda), (settings, value) => settings with { Lambda = value }),
        Number("learning-rate", nameof(RunSettings.LearningRate), (settings, value) => settings with { LearningRate = value }),
        Number("dirichlet", nameof(RunSettings.Dirichlet), (settings, value) => settings with { Dirichlet = value }),
        Count("legacy-tasks", nameof(RunSettings.LegacyTasks), (settings, value) => settings with { LegacyTasks = value }),
        Count("legacy-epochs", nameof(RunSettings.LegacyEpochs), (settings, value) => settings with { LegacyEpochs = value }),
        Count("distillation-epochs", nameof(RunSettings.DistillationEpochs), (settings, value) => settings with { DistillationEpochs = value }),
        Count("calibration-per-class", nameof(RunSettings.CalibrationPerClass), (settings, value) => settings with { CalibrationPerClass = value }),

        // How inputs are routed.
        OneOf("gate", GateCatalog.NamesForRuns, (settings, value) => settings with { Routing = settings.Routing with { Gate = value } }),
        Count("top", new SettingRange(1, 1e6), (settings, value) => settings with { Routing = settings.Routing with { TopExperts = value } }),
        Number("beta", AtLeastZero, (settings, value) => settings with { Routing = settings.Routing with { SpecializationWeight = value } }),
        OneOf("views", ViewCounts, (settings, value) => settings with { Routing = settings.Routing with { Views = int.Parse(value, CultureInfo.InvariantCulture) } }),
        OneOf("score", EvidenceScores.Names, (settings, value) => settings with { Routing = settings.Routing with { Score = value } }),
        Switch("centred", (settings, value) => settings with { Routing = settings.Routing with { Centred = value } }),
        Count("exemplars", nameof(RunSettings.Exemplars), (settings, value) => settings with { Exemplars = value }),
        OneOf("calibration", CalibrationNames.All, (settings, value) => settings with { Calibration = value }),
        Switch("all-rotations", (settings, value) => settings with { AllRotations = value }),
        Switch("unknown-output", (settings, value) => settings with { UnknownOutput = value }),
        OneOf("start-from", StartNames.All, (settings, value) => settings with { StartFrom = value }),

        // How updates are sent and merged.
        OneOf("compressor", CompressorNames.All, (settings, value) => settings with { Compressor = value }),
        Count("rank", nameof(RunSettings.Rank), (settings, value) => settings with { Rank = value }),
        Switch("fp16", (settings, value) => settings with { HalfPrecision = value }),
        Switch("error-feedback", (settings, value) => settings with { ErrorFeedback = value }),
        Count("merge-every", nameof(RunSettings.MergeEvery), (settings, value) => settings with { MergeEvery = value }),
        new("merge-rule", (settings, given) => given.Text("merge-rule") is { } name ? settings with { MergeRule = RuleOf(name) } : settings),
        Number("outer-learning-rate", nameof(RunSettings.OuterLearningRate), (settings, value) => settings with { OuterLearningRate = value }),
        Number("outer-momentum", nameof(RunSettings.OuterMomentum), (settings, value) => settings with { OuterMomentum = value }),
        Number("max-drop", nameof(RunSettings.MaxDrop), (settings, value) => settings with { MaxDrop = value }),
        Switch("own-first-weights", (settings, value) => settings with { OwnFirstWeights = value }),
        Switch("align", (settings, value) => settings with { Alignment = value }),
        Switch("reestimate-batch-norm", (settings, value) => settings with { ReestimateBatchNorm = value }),

        // Who takes part, and how long a round waits.
        OneOf("device", DeviceNames.All, (settings, value) => settings with { Device = value }),
        Count("holders", nameof(RunSettings.Holders), (settings, value) => settings with { Holders = value }),
        Number("participation", nameof(RunSettings.Participation), (settings, value) => settings with { Participation = value }),
        Number("quorum", nameof(RunSettings.Quorum), (settings, value) => settings with { Quorum = value }),
        Seconds("longest-wait", (settings, value) => settings with { RoundDeadline = value }),
        Seconds("shortest-wait", (settings, value) => settings with { ShortestWait = value }),
        Number("wait-spread", nameof(RunSettings.WaitSpread), (settings, value) => settings with { WaitSpread = value }),
    ];

    /// <summary>Names of the parameters.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(parameter => parameter.Name)];

    /// <summary>Puts parameters into settings.</summary>
    /// <param name="settings">What all methods share.</param>
    /// <param name="given">The parameters; all must be known.</param>
    /// <exception cref="MethodParameterException">One is unknown, or out of its range.</exception>
    public static RunSettings Apply(RunSettings settings, MethodParameters given)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(given);
        var applied = All.Aggregate(settings, (sum, parameter) => parameter.Apply(sum, given));
        given.RequireAllRead();
        if (applied.Holders > applied.Nodes)
            throw new MethodParameterException($"{MethodName}: holders must be at most the number of nodes, {applied.Nodes}, not {applied.Holders}.");
        return applied with
        {
            Calibration = given.Text("calibration") is null ? CalibrationNames.DefaultFor(applied.Routing.Gate) : applied.Calibration,
            LegacyTasks = Math.Min(applied.LegacyTasks, applied.Tasks),
            ShortestWait = applied.ShortestWait <= applied.RoundDeadline ? applied.ShortestWait : applied.RoundDeadline,
        };
    }

    /// <summary>Leaves out parameters at their default, so that saying a default does not make another cell.</summary>
    /// <param name="settings">What all methods share.</param>
    /// <param name="parameters">Texts by name.</param>
    public static IReadOnlyDictionary<string, string> WithoutDefaults(RunSettings settings, IReadOnlyDictionary<string, string> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Where(pair => !IsDefault(pair)).ToDictionary();

        bool IsDefault(KeyValuePair<string, string> pair)
        {
            var alone = new MethodParameters(MethodName, new Dictionary<string, string> { [pair.Key] = pair.Value });
            try
            {
                return All.FirstOrDefault(parameter => parameter.Name == pair.Key) is { } known && known.Apply(settings, alone) == settings;
            }
            catch (MethodParameterException)
            {
                return false; // stays, to be refused where it is used
            }
        }
    }

    private static string RuleOf(string name)
    {
        try
        {
            _ = MergeRuleCatalog.Named(name);
            return name;
        }
        catch (ArgumentException e)
        {
            throw new MethodParameterException($"{MethodName}: merge-rule: {e.Message.Split(" (Parameter", 2)[0]}");
        }
    }
}
