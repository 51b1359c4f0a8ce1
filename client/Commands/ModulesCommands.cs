using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Experts;
using Dmkd.Core.Devices;
using Dmkd.Core.Tensors;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Libraries;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd modules</c>: what a library holds.</summary>
internal sealed class ModulesCommand : Command
{
    public ModulesCommand()
        : base("modules", "Show the expert modules of a library, write one as a file, or remove one")
    {
        Subcommands.Add(new ModulesListCommand());
        Subcommands.Add(new ModulesShowCommand());
        Subcommands.Add(new ModulesExportCommand());
        Subcommands.Add(new ModulesRemoveCommand());
    }

    /// <summary>The option that all subcommands have.</summary>
    public static Option<string?> LibraryOption() =>
        new("--library") { Description = "Library; the newest when not given" };

    /// <summary>The argument of those that take one module.</summary>
    public static Argument<string> NameArgument() =>
        new("name") { Description = "Name of the module, such as expert-1" };
}

/// <summary><c>dmkd modules list</c>: one line per module.</summary>
internal sealed class ModulesListCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();

    public ModulesListCommand()
        : base("list", "List the modules")
    {
        Options.Add(_library);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        string? name = parsed.GetValue(_library);
        var (library, modules) = await Libraries.LookThroughAsync(look.Reader, name, cancellationToken);
        ModuleDocument[] documents =
        [
            .. modules
                .Select(module => module.Snapshot)
                .OfType<ModuleSnapshot>()
                .Select(module => ModuleDocument.Of(module)),
        ];
        DamagedModule[] damaged =
        [
            .. modules
                .Where(module => module.Problem is not null)
                .Select(module => new DamagedModule(module.Name, library, module.Problem!)),
        ];
        if (_common.Json(parsed))
            JsonOutput.Write<object[]>([.. documents, .. damaged]);
        else
            Consoles.Create(json: false).Write(ModuleTables.List(library, documents, damaged));
        if (damaged.Length == 0)
            return ExitCode.Success;
        throw new RunFailedException(string.Join("; ", damaged.Select(module => module.Problem)));
    }
}

/// <summary><c>dmkd modules show</c>: everything about one module.</summary>
internal sealed class ModulesShowCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();
    private readonly Argument<string> _name = ModulesCommand.NameArgument();

    public ModulesShowCommand()
        : base("show", "Show everything about one module")
    {
        Arguments.Add(_name);
        Options.Add(_library);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        var module = await Libraries.FindAsync(
            look.Reader,
            parsed.GetValue(_library),
            parsed.GetValue(_name)!,
            cancellationToken
        );
        var history = await look.Reader.GetHistoryAsync(module.Descriptor.Key, cancellationToken);
        var document = ModuleDocument.Of(module, history);
        if (_common.Json(parsed))
        {
            JsonOutput.Write(document);
            return ExitCode.Success;
        }

        var console = Consoles.Create(json: false);
        console.Write(ModuleTables.Show(document));
        console.Write(ModuleTables.History(history));
        return ExitCode.Success;
    }
}

/// <summary>
/// <c>dmkd modules export</c>: a version of an expert as a safetensors file that says where it comes from.
/// </summary>
internal sealed class ModulesExportCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = ModulesCommand.NameArgument();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();
    private readonly Option<int?> _version = new Option<int?>("--version")
    {
        Description = "Number of the version; the current one when not given",
    }.WithNumbers();
    private readonly Option<string> _output = new("--output")
    {
        Description = "File to write, such as expert-1.safetensors",
        Required = true,
    };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file if it exists" };

    public ModulesExportCommand()
        : base("export", "Write a module's weights as safetensors")
    {
        Arguments.Add(_name);
        Option[] all = [_library, _version, _output, _force];
        foreach (var option in all)
            Options.Add(option);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        _common.RequireRuns(parsed); // before a file is made
        using var output = OutputFile.Open(parsed.GetValue(_output)!, parsed.GetValue(_force));
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        var module = await Libraries.FindAsync(
            look.Reader,
            parsed.GetValue(_library),
            parsed.GetValue(_name)!,
            cancellationToken
        );
        var version = parsed.GetValue(_version) is { } number
            ? await VersionAsync(look.Reader, module, number, cancellationToken)
            : module.Current;
        byte[] content = await look.Weights.GetAsync(version.Digest, cancellationToken);
        using var device = new DeviceWorker(lanes: 1);
        var written = await device.RunAsync(_ => Write(output, content, module.Descriptor, version), cancellationToken);
        written.Print(_common.Json(parsed));
        return ExitCode.Success;
    }

    private static async Task<ModuleVersion> VersionAsync(
        IStateReader reader,
        ModuleSnapshot module,
        int number,
        CancellationToken cancellationToken
    )
    {
        var history = await reader.GetHistoryAsync(module.Descriptor.Key, cancellationToken);
        return history.FirstOrDefault(version => version.Number == number)
            ?? throw new BadInputException(
                $"Module '{module.Descriptor.Name}' has versions {history[0].Number} to {history[^1].Number}, not {number}."
            );
    }

    private static WrittenWeights Write(
        OutputFile output,
        byte[] content,
        ModuleDescriptor module,
        ModuleVersion version
    )
    {
        using var weights = WeightCodec.Decode(content);
        SafeTensorsWriter.Write(output.Content, weights, Lineage.OfModule(module, version));
        return new WrittenWeights(output.Path, version.Digest, output.Commit(), weights.Count);
    }
}
