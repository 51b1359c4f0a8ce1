using System.CommandLine;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using Dmkd.Serving;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>How <c>predict</c> routes. What is not said is what the library was fitted to, or else the defaults.</summary>
internal sealed class RoutingOptions
{
    private const double DefaultGateVote = 0.5;
    private static readonly RoutingPlan Default = new() { GateVote = DefaultGateVote };

    private readonly Option<int> _top = new("--top") { Description = "Experts that answer (R)", DefaultValueFactory = _ => Default.TopExperts };
    private readonly Option<double> _beta = new("--beta") { Description = "Weight of an expert's mean entropy in routing (beta)", DefaultValueFactory = _ => Default.SpecializationWeight };
    private readonly Option<double> _gateVote = new("--gate-vote") { Description = "What a gate network's logits count beside an expert's", DefaultValueFactory = _ => DefaultGateVote };
    private readonly Option<string?> _gate = new("--gate")
    {
        Description = $"Gate: {string.Join(", ", GateCatalog.Names)}; when not given, what the library was fitted to, its gate network, or else {GateCatalog.Names[0]}",
    };

    private readonly Option<int> _views = new("--views") { Description = "Views of an image that an expert is shown: 1, 4 rotations, or 8 with those of its mirror image", DefaultValueFactory = _ => Default.Views };
    private readonly Option<string> _score = new("--score") { Description = $"How class scores become evidence: {string.Join(", ", EvidenceScores.Names)}", DefaultValueFactory = _ => Default.Score };
    private readonly Option<bool> _centred = new("--centred") { Description = "Subtract the mean of an expert's logits", DefaultValueFactory = _ => Default.Centred };
    private readonly Option<string> _calibration = new("--calibration")
    {
        Description = $"How evidence is made comparable: {string.Join(", ", CalibrationNames.All)}; when not given, as the library was fitted",
        DefaultValueFactory = _ => CalibrationNames.None,
    };

    public void AddTo(Command command)
    {
        Option[] all = [_top, _beta, _gate, _gateVote, _views, _score, _centred, _calibration];
        foreach (var option in all) command.Options.Add(option);
    }

    /// <summary>Refuses values that no library can route by.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_gate) == GateCatalog.Oracle)
            throw new BadInputException($"{_gate.Name} {GateCatalog.Oracle} knows the task of a test image: only the evaluation of a run has it. It may be {string.Join(", ", GateCatalog.Names)}.");
        if (parsed.GetValue(_gate) is { } gate && !GateCatalog.Names.Contains(gate))
            throw new BadInputException($"{_gate.Name} must be one of {string.Join(", ", GateCatalog.Names)}, not '{gate}'.");
        _ = AtLeast(parsed, _top, 1);
        _ = AtLeast(parsed, _beta, 0);
        _ = AtLeast(parsed, _gateVote, 0);
        _ = ViewsOf(parsed, _views);
        _ = OneOf(parsed, _score, EvidenceScores.Names);
        _ = OneOf(parsed, _calibration, CalibrationNames.All);
    }

    /// <summary>How a library is asked.</summary>
    /// <param name="parsed">The command line, checked.</param>
    /// <param name="library">The library.</param>
    /// <exception cref="BadInputException">The library lacks what the options ask for.</exception>
    public RoutingPlan Read(ParseResult parsed, LibraryManifest library)
    {
        var fitted = library.IsFittedForAll ? library.Fitted : null;
        var known = fitted?.Plan ?? Default;
        var plan = new RoutingPlan
        {
            Gate = GateOf(parsed, library, fitted),
            TopExperts = Given(parsed, _top, known.TopExperts),
            SpecializationWeight = Given(parsed, _beta, known.SpecializationWeight),
            GateVote = parsed.GetValue(_gateVote),
            Views = Given(parsed, _views, known.Views),
            Score = Given(parsed, _score) ?? known.Score,
            Centred = Given(parsed, _centred, known.Centred),
        };
        plan = plan with { Calibration = CalibrationOf(parsed, plan, fitted) };
        if (plan.Calibration != CalibrationNames.None && fitted?.Plan.Calibration != plan.Calibration)
        {
            bool needsExemplars = plan.CreateGate().Needs.HasFlag(GateNeeds.Exemplars);
            throw new BadInputException(
                $"Library '{library.Name}' was not fitted for {_calibration.Name} {plan.Calibration}; "
                + $"its run needs the same option{(needsExemplars ? " and --exemplars" : "")}.");
        }

        if (plan.CreateGate().NeedsFit && !plan.ScoresAs(known))
            throw new BadInputException(
                $"Library '{library.Name}' was fitted with {_views.Name} {known.Views} {_score.Name} {known.Score} "
                + $"{_centred.Name} {(known.Centred ? "true" : "false")}; leave these options out.");
        return plan;
    }

    private string GateOf(ParseResult parsed, LibraryManifest library, FittedRouting? fitted)
    {
        string otherwise = library.GateNetwork is null ? Default.Gate : NetworkGate.GateName;
        string gate = parsed.GetValue(_gate) ?? fitted?.Plan.Gate ?? otherwise;
        var needs = GateCatalog.NeedsOf(gate);
        if (needs.HasFlag(GateNeeds.GateNetwork) && library.GateNetwork is null)
        {
            var others = GateCatalog.Names.Where(name => !GateCatalog.NeedsOf(name).HasFlag(GateNeeds.GateNetwork));
            throw new BadInputException($"Library '{library.Name}' has no gate network; {_gate.Name} may be {string.Join(" or ", others)}.");
        }

        if (needs.HasFlag(GateNeeds.Exemplars) && fitted?.Plan.Gate != gate)
            throw new BadInputException($"Library '{library.Name}' was not fitted for {_gate.Name} {gate}; its run needs the same option and --exemplars.");
        return gate;
    }

    /// <summary>A fit is for the scores that it was made of: who wants others, and does not ask for it, does without.</summary>
    private string CalibrationOf(ParseResult parsed, RoutingPlan plan, FittedRouting? fitted)
    {
        if (Given(parsed, _calibration) is { } given) return given;
        bool applies = fitted is not null && plan.ScoresAs(fitted.Plan) && GateCatalog.ProblemOf(plan.Gate, fitted.Plan.Calibration) is null;
        return applies ? fitted!.Plan.Calibration : CalibrationNames.None;
    }

    private static T? Given<T>(ParseResult parsed, Option<T> option)
        where T : class => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;

    private static T Given<T>(ParseResult parsed, Option<T> option, T otherwise)
        where T : struct => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : otherwise;
}
