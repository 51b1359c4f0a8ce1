using System.CommandLine;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using Dmkd.Core.Settings;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>How <c>predict</c> routes. What is not said is what the library was fitted to, or else the defaults.</summary>
internal sealed class RoutingOptions
{
    private const double DefaultGateVote = 0.5;
    private static readonly RoutingSettings Default = new(GateCatalog.Names[0], 1, 0, DefaultGateVote);

    private static readonly SettingsBinder<RoutingSettings> Binder = new(Default);

    private readonly SettingOptions<RoutingSettings> _options = new(Binder, setting => setting.Name != "gate");
    private readonly Option<double> _gateVote = new("--gate-vote") { Description = "What a gate network's logits count beside an expert's", DefaultValueFactory = _ => DefaultGateVote };
    private readonly Option<string?> _gate = new("--gate")
    {
        Description = $"Gate: {string.Join(", ", GateCatalog.Names)}; when not given, what the library was fitted to, its gate network, or else {GateCatalog.Names[0]}",
    };

    private readonly Option<string> _calibration = new("--calibration")
    {
        Description = $"How evidence is made comparable: {string.Join(", ", Calibrations.Known.Names)}; when not given, as the library was fitted",
        DefaultValueFactory = _ => Calibrations.None,
    };

    public void AddTo(Command command)
    {
        Option[] all = [.. _options.All, _gate, _gateVote, _calibration];
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
        _ = _options.Read(parsed, Default);
        _ = AtLeast(parsed, _gateVote, 0);
        _ = OneOf(parsed, _calibration, Calibrations.Known.Names);
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
        var routing = _options.ReadGiven(parsed, known) with { Gate = gate, GateVote = parsed.GetValue(_gateVote) };
        // A fit is for the scores that it was made of: who wants others, and does not ask for it, does without.
        bool isAsFitted = (routing.Views, routing.Score, routing.Centred) == (known.Views, known.Score, known.Centred);
        string calibration = Given(parsed, _calibration) ?? (gate == EvidenceGate.GateName && fitted is not null && isAsFitted ? fitted.Calibration : Calibrations.None);
        if (calibration != Calibrations.None && fitted?.Calibration != calibration)
            throw new BadInputException(
                $"Library '{library}' was not fitted for {_calibration.Name} {calibration}; its run needs the same option{(calibration == Calibrations.Affine ? " and --exemplars" : "")}.");
        bool isFitted = ScorerGate.IsNamed(gate) || calibration != Calibrations.None;
        return !isFitted || isAsFitted ? (routing, calibration)
            : throw new BadInputException(
                $"Library '{library}' was fitted with --views {known.Views} --score {known.Score} --centred {(known.Centred ? "true" : "false")}; leave these options out.");
    }

    private static T? Given<T>(ParseResult parsed, Option<T> option)
        where T : class => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;
}
