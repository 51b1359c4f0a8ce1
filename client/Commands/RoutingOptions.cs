using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Core.Settings;
using Dmkd.Serving;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>
/// How <c>predict</c> routes. What is not said is what the library was fitted to, or else the defaults.
/// </summary>
internal sealed class RoutingOptions
{
    private const double DefaultGateVote = 0.5;
    private static readonly RoutingPlan Default = new() { GateVote = DefaultGateVote };
    private static readonly RoutingSettings DefaultSettings = SettingsOf(Default);
    private static readonly SettingsBinder<RoutingSettings> Binder = new(DefaultSettings);

    private readonly SettingOptions<RoutingSettings> _options = new(Binder, setting => setting.Name != "gate");
    private readonly Option<double> _gateVote = new Option<double>("--gate-vote")
    {
        Description = "What a gate network's logits count beside an expert's",
        DefaultValueFactory = _ => DefaultGateVote,
    }.WithNumbers();
    private readonly Option<string?> _gate = new("--gate")
    {
        Description =
            $"Gate: {string.Join(", ", GateCatalog.Names)}; when not given, what the library was fitted "
            + $"to, its gate network, or else {GateCatalog.Names[0]}",
    };

    private readonly Option<string?> _calibration = new("--calibration")
    {
        Description =
            $"How evidence is made comparable: {string.Join(", ", Calibrations.Known.Names)}; when not "
            + $"given, as the library was fitted",
    };

    public void AddTo(Command command)
    {
        Option[] all = [.. _options.All, _gate, _gateVote, _calibration];
        foreach (var option in all)
            command.Options.Add(option);
    }

    /// <summary>Refuses values that no library can route by.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_gate) == GateCatalog.Oracle)
            throw new BadInputException(
                $"{_gate.Name} {GateCatalog.Oracle} knows the task of a test image: only the evaluation of a "
                    + $"run has it. It may be {string.Join(", ", GateCatalog.Names)}."
            );
        if (parsed.GetValue(_gate) is { } gate && !GateCatalog.Names.Contains(gate))
            throw new BadInputException(
                $"{_gate.Name} must be one of {string.Join(", ", GateCatalog.Names)}, not '{gate}'."
            );
        _ = _options.Read(parsed, DefaultSettings);
        _ = AtLeast(parsed, _gateVote, 0);
        if (parsed.GetValue(_calibration) is not null)
            _ = OneOf(parsed, _calibration!, Calibrations.Known.Names);
    }

    /// <summary>How a library is asked.</summary>
    /// <param name="parsed">The command line, checked.</param>
    /// <param name="library">The library.</param>
    /// <exception cref="BadInputException">The library lacks what the options ask for.</exception>
    public RoutingPlan Read(ParseResult parsed, LibraryManifest library)
    {
        var fitted = library.IsFittedForAll ? library.Fitted : null;
        var known = fitted?.Plan ?? Default;
        var given = _options.ReadGiven(parsed, SettingsOf(known));
        int experts = library.Experts.Count();
        if (_options.IsGiven(parsed, "top") && given.TopExperts > experts)
            throw new BadInputException(
                $"{_options["top"].Name} must be at most the number of experts of library '{library.Name}', {experts}, "
                    + $"not {given.TopExperts}."
            );
        var plan = new RoutingPlan
        {
            Gate = GateOf(parsed, library, fitted),
            TopExperts = given.TopExperts,
            SpecializationWeight = given.SpecializationWeight,
            GateVote = parsed.GetValue(_gateVote),
            Views = given.Views,
            Score = given.Score,
            Centred = given.Centred,
        };
        plan = plan with { Calibration = CalibrationOf(parsed, plan, fitted) };
        if (plan.Calibration != Calibrations.None && fitted?.Plan.Calibration != plan.Calibration)
        {
            bool needsExemplars = plan.CreateGate().Needs.HasFlag(GateNeeds.Exemplars);
            throw new BadInputException(
                $"Library '{library.Name}' was not fitted for {_calibration.Name} {plan.Calibration}; "
                    + $"its run needs the same option{(needsExemplars ? " and --exemplars" : "")}."
            );
        }

        if (plan.CreateGate().NeedsFit && !plan.ScoresAs(known))
            throw new BadInputException(
                $"Library '{library.Name}' was fitted with --views {known.Views} --score {known.Score} "
                    + $"--centred {(known.Centred ? "true" : "false")}; leave these options out."
            );
        return plan;
    }

    /// <summary>How one module is asked by itself: views and scores are the library's, and nothing is chosen.</summary>
    /// <param name="parsed">The command line, checked.</param>
    /// <param name="library">The module's library.</param>
    /// <exception cref="BadInputException">An option says how to choose between modules.</exception>
    public RoutingPlan ReadAlone(ParseResult parsed, LibraryManifest library)
    {
        Option[] choosing = [_options["top"], _options["beta"], _gate, _gateVote, _calibration];
        if (choosing.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } chooses)
            throw new BadInputException($"{chooses.Name} is for a library: one module is asked by itself.");
        var given = _options.ReadGiven(parsed, SettingsOf(library.Fitted?.Plan ?? Default));
        return new RoutingPlan
        {
            Views = given.Views,
            Score = given.Score,
            Centred = given.Centred,
        };
    }

    private string GateOf(ParseResult parsed, LibraryManifest library, FittedRouting? fitted)
    {
        string otherwise = library.GateNetwork is null ? Default.Gate : NetworkGate.GateName;
        string gate = parsed.GetValue(_gate) ?? fitted?.Plan.Gate ?? otherwise;
        var needs = GateCatalog.NeedsOf(gate);
        if (needs.HasFlag(GateNeeds.GateNetwork) && library.GateNetwork is null)
        {
            var others = GateCatalog.Names.Where(name => !GateCatalog.NeedsOf(name).HasFlag(GateNeeds.GateNetwork));
            throw new BadInputException(
                $"Library '{library.Name}' has no gate network; {_gate.Name} may be {string.Join(" or ", others)}."
            );
        }

        if (needs.HasFlag(GateNeeds.Exemplars) && fitted?.Plan.Gate != gate)
            throw new BadInputException(
                $"Library '{library.Name}' was not fitted for {_gate.Name} {gate}; its run needs the same option and --exemplars."
            );
        return gate;
    }

    /// <summary>
    /// A fit is for the scores that it was made of: who wants others, and does not ask for it, does without.
    /// </summary>
    private string CalibrationOf(ParseResult parsed, RoutingPlan plan, FittedRouting? fitted)
    {
        if (parsed.GetValue(_calibration) is { } given)
            return given;
        bool applies =
            fitted is not null
            && plan.ScoresAs(fitted.Plan)
            && GateCatalog.ProblemOf(plan.Gate, fitted.Plan.Calibration) is null;
        return applies ? fitted!.Plan.Calibration : Calibrations.None;
    }

    private static RoutingSettings SettingsOf(RoutingPlan plan) =>
        new(plan.Gate, plan.TopExperts, plan.SpecializationWeight, plan.GateVote, plan.Views, plan.Score, plan.Centred);
}
