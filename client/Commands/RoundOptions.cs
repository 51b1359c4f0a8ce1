using System.CommandLine;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Merging.Rules;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>The options of a run's rounds: how updates are sent and merged, who takes part, and how long a round waits (proposal 3.4).</summary>
internal sealed class RoundOptions(RunSettings defaults)
{
    private readonly Option<int> _mergeEvery = Number("--merge-every", "Rounds between merges (tau)", defaults.MergeEvery);
    private readonly Option<string> _compressor = Text("--compressor", $"How updates are sent: {string.Join(", ", CompressorNames.All)}", defaults.Compressor);
    private readonly Option<int> _rank = Number("--rank", "Rank kept of each update (r); 0 sends updates whole", defaults.Rank);
    private readonly Option<bool> _halfPrecision = new("--fp16") { Description = "Send updates as fp16" };
    private readonly Option<bool> _errorFeedback = new("--error-feedback") { Description = "Add to the next update what compression dropped from the last" };
    private readonly Option<string> _rule = Text(
        "--merge-rule", $"How updates are averaged: {string.Join(", ", MergeRuleNames.All)}; with a parameter: clipped-2, trimmed-0.3, krum-2", defaults.MergeRule);

    private readonly Option<double> _outerLearningRate = Number("--outer-learning-rate", "Part of the merged update that is taken; 1 is all of it", defaults.OuterLearningRate);
    private readonly Option<double> _outerMomentum = Number("--outer-momentum", "Nesterov momentum over merges, as in DiLoCo", defaults.OuterMomentum);
    private readonly Option<double?> _maxDrop = new("--max-drop") { Description = "Refuse a merge that costs more accuracy on the nodes' calibration data, in [0, 1]" };
    private readonly Option<bool> _ownFirstWeights = new("--own-first-weights") { Description = "Let every node start a module from first weights of its own" };
    private readonly Option<bool> _alignment = new("--align") { Description = "Align such replicas before their first merge" };
    private readonly Option<bool> _reestimate = new("--reestimate-batch-norm") { Description = "Measure batch-norm statistics anew on the nodes' data after a merge" };
    private readonly Option<int> _holders = Number("--holders", "Nodes that hold each module; 0 for all", defaults.Holders);
    private readonly Option<double> _participation = Number("--participation", "Share of a module's holders drawn for each round", defaults.Participation);
    private readonly Option<double> _quorum = Number("--quorum", "Share of the participants that must have submitted when the deadline passes", defaults.Quorum);
    private readonly Option<double> _longestWait = Number("--longest-wait", "Longest deadline of a round, in seconds; what the first round waits", defaults.RoundDeadline.TotalSeconds);
    private readonly Option<double> _shortestWait = Number("--shortest-wait", "Shortest deadline of a round, in seconds", defaults.ShortestWait.TotalSeconds);
    private readonly Option<string> _device = Text("--device", $"Device that the nodes' silos must have: {string.Join(", ", DeviceNames.All)}", defaults.Device);
    private readonly Option<double> _waitSpread = Number("--wait-spread", "A deadline is the median of past arrivals plus this many median absolute deviations", defaults.WaitSpread);

    /// <summary>All of them.</summary>
    public Option[] All =>
    [
        _mergeEvery, _compressor, _rank, _halfPrecision, _errorFeedback, _rule, _outerLearningRate, _outerMomentum, _maxDrop, _ownFirstWeights, _alignment,
        _reestimate, _holders, _participation, _quorum, _longestWait, _shortestWait, _waitSpread, _device,
    ];

    /// <summary>Reads and checks the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">The other settings.</param>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public RunSettings Read(ParseResult parsed, RunSettings settings)
    {
        int holders = Checked(parsed, _holders, nameof(RunSettings.Holders));
        if (holders > settings.Nodes) throw new BadInputException($"{_holders.Name} must be at most the number of nodes, {settings.Nodes}, not {holders}.");
        var longest = Seconds(parsed, _longestWait);
        // A short longest wait asks for short waits.
        var shortest = parsed.GetResult(_shortestWait) is { Implicit: false } ? Seconds(parsed, _shortestWait) : TimeSpan.FromTicks(Math.Min(settings.ShortestWait.Ticks, longest.Ticks));
        if (shortest > longest) throw new BadInputException($"{_shortestWait.Name} must be at most {_longestWait.Name}, {longest.TotalSeconds} s, not {shortest.TotalSeconds} s.");
        return settings with
        {
            MergeEvery = Checked(parsed, _mergeEvery, nameof(RunSettings.MergeEvery)),
            Compressor = OneOf(parsed, _compressor, CompressorNames.All),
            Rank = Checked(parsed, _rank, nameof(RunSettings.Rank)),
            HalfPrecision = parsed.GetValue(_halfPrecision),
            ErrorFeedback = parsed.GetValue(_errorFeedback),
            MergeRule = RuleOf(parsed),
            OuterLearningRate = Checked(parsed, _outerLearningRate, nameof(RunSettings.OuterLearningRate)),
            OuterMomentum = Checked(parsed, _outerMomentum, nameof(RunSettings.OuterMomentum)),
            MaxDrop = MaxDropOf(parsed),
            OwnFirstWeights = parsed.GetValue(_ownFirstWeights),
            Alignment = parsed.GetValue(_alignment),
            ReestimateBatchNorm = parsed.GetValue(_reestimate),
            Holders = holders,
            Participation = Checked(parsed, _participation, nameof(RunSettings.Participation)),
            Quorum = Checked(parsed, _quorum, nameof(RunSettings.Quorum)),
            RoundDeadline = longest,
            ShortestWait = shortest,
            Device = OneOf(parsed, _device, DeviceNames.All),
            WaitSpread = Checked(parsed, _waitSpread, nameof(RunSettings.WaitSpread)),
        };
    }

    private string RuleOf(ParseResult parsed)
    {
        string name = parsed.GetValue(_rule)!;
        try
        {
            _ = MergeRuleCatalog.Named(name);
            return name;
        }
        catch (ArgumentException e)
        {
            throw new BadInputException($"{_rule.Name}: {e.Message.Split(" (Parameter", 2)[0]}");
        }
    }

    private double? MaxDropOf(ParseResult parsed) => parsed.GetValue(_maxDrop) is not { } drop ? null
        : drop is >= 0 and <= 1 ? drop
        : throw new BadInputException($"{_maxDrop.Name} must be in [0, 1], not {drop}.");

    private static TimeSpan Seconds(ParseResult parsed, Option<double> option)
    {
        const double Most = 7 * 86_400;
        double seconds = parsed.GetValue(option);
        return seconds is > 0 and <= Most ? TimeSpan.FromSeconds(seconds) : throw new BadInputException($"{option.Name} must be above 0 and at most {Most} seconds, not {seconds}.");
    }

    private static Option<string> Text(string name, string description, string value) => new(name) { Description = description, DefaultValueFactory = _ => value };

    private static T Checked<T>(ParseResult parsed, Option<T> option, string property)
        where T : struct, IConvertible => OptionReader.Checked<RunSettings, T>(parsed, option, property);
}
