using System.CommandLine;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>How <c>predict</c> routes. What is not said is what the library was fitted to, or else the defaults.</summary>
internal sealed class RoutingOptions
{
    private const double DefaultGateVote = 0.5;
    private static readonly RoutingSettings Default = new(GateCatalog.Names[0], 1, 0, DefaultGateVote);

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
    /// <param name="fitted">What its routing was fitted to, or null.</param>
    /// <param name="hasGateNetwork">Whether it has a gate network.</param>
    /// <exception cref="BadInputException">The library lacks what the options ask for.</exception>
    public (RoutingSettings Routing, string Calibration) Read(ParseResult parsed, string library, FittedGate? fitted, bool hasGateNetwork)
    {
        var known = fitted?.Routing ?? Default;
        string gate = parsed.GetValue(_gate) ?? (fitted is not null ? known.Gate : hasGateNetwork ? NetworkGate.GateName : Default.Gate);
        if (gate == NetworkGate.GateName && !hasGateNetwork)
            throw new BadInputException($"Library '{library}' has no gate network; {_gate.Name} may be {string.Join(" or ", GateCatalog.Names.Where(name => name != NetworkGate.GateName))}.");
        if (ScorerGate.IsNamed(gate) && fitted?.Routing.Gate != gate)
            throw new BadInputException($"Library '{library}' was not fitted for {_gate.Name} {gate}; its run needs the same option and --exemplars.");
        var routing = new RoutingSettings(
            gate, Given(parsed, _top, known.TopExperts), Given(parsed, _beta, known.SpecializationWeight), parsed.GetValue(_gateVote),
            Given(parsed, _views, known.Views), Given(parsed, _score) ?? known.Score, Given(parsed, _centred, known.Centred));
        // A fit is for the scores that it was made of: who wants others, and does not ask for it, does without.
        bool isAsFitted = (routing.Views, routing.Score, routing.Centred) == (known.Views, known.Score, known.Centred);
        string calibration = Given(parsed, _calibration) ?? (gate == EvidenceGate.GateName && fitted is not null && isAsFitted ? fitted.Calibration : CalibrationNames.None);
        if (calibration != CalibrationNames.None && fitted?.Calibration != calibration)
            throw new BadInputException(
                $"Library '{library}' was not fitted for {_calibration.Name} {calibration}; its run needs the same option{(calibration == CalibrationNames.Affine ? " and --exemplars" : "")}.");
        bool isFitted = ScorerGate.IsNamed(gate) || calibration != CalibrationNames.None;
        return !isFitted || isAsFitted ? (routing, calibration)
            : throw new BadInputException(
                $"Library '{library}' was fitted with {_views.Name} {known.Views} {_score.Name} {known.Score} {_centred.Name} {(known.Centred ? "true" : "false")}; leave these options out.");
    }

    private static T? Given<T>(ParseResult parsed, Option<T> option)
        where T : class => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;

    private static T Given<T>(ParseResult parsed, Option<T> option, T otherwise)
        where T : struct => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : otherwise;
}
