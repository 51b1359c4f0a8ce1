using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Grains.Routing;
using Dmkd.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd library export</c>: every module at its current version, and the fitted gate.</summary>
internal sealed class LibraryExportCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = new("name")
    {
        Description = "Name of the library, such as that of its run",
    };
    private readonly Option<string> _output = new("--output") { Description = "Folder to write", Required = true };
    private readonly Option<bool> _force = new("--force")
    {
        Description = "Replace the folder if it is an exported library",
    };

    public LibraryExportCommand()
        : base("export", "Write a library as a folder of safetensors files with a description")
    {
        Arguments.Add(_name);
        Options.Add(_output);
        Options.Add(_force);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        _common.RequireRuns(parsed); // before a folder is made
        string output = Path.GetFullPath(parsed.GetValue(_output)!);
        bool replaces = parsed.GetValue(_force);
        LibraryExport.RequirePlace(output, replaces);
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        var manifest = await Libraries.ManifestAsync(look.Reader, parsed.GetValue(_name)!, cancellationToken);
        var source = new RunningLibrary(manifest, look.Weights, look.Reader.GetHistoryAsync, NullLogger.Instance);
        long bytes = await LibraryExport.WriteAsync(source, output, replaces, cancellationToken);
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            new
            {
                Output = output,
                Library = manifest.Name,
                Modules = manifest.Members.Count,
                Bytes = bytes,
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"Wrote {output}: {manifest.Members.Count} modules, {bytes:N0} bytes"
            )
        );
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd library import</c>: the modules of a folder become a library.</summary>
internal sealed class LibraryImportCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _folder = new("folder") { Description = "Folder of an exported library" };
    private readonly Option<string?> _name = new("--name")
    {
        Description = "Name of the new library; its old one when not given",
    };

    public LibraryImportCommand()
        : base("import", "Take in a library from a folder")
    {
        Arguments.Add(_folder);
        Options.Add(_name);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var archive = await LibraryArchive.OpenAsync(parsed.GetValue(_folder)!, cancellationToken);
        string library = NewName.Checked(_name, parsed) ?? archive.Manifest.Name;
        NewName.Require(_name, library);
        await using var silo = await _common.StartAsync(parsed, datasets: null, cancellationToken);
        var catalog = silo.Grains.GetGrain<IModuleCatalogGrain>(library);
        bool isTaken = await Libraries.IsTakenAsync(silo.Reader, library, cancellationToken);
        if (isTaken || (await catalog.ListAsync(cancellationToken)).Count > 0)
            throw new BadInputException($"There is a library '{library}' already; give another name by {_name.Name}.");
        foreach (var member in archive.Manifest.Members)
            await AddAsync(silo, archive, member, library, cancellationToken);
        if (archive.Manifest.Fitted is { } fitted)
        {
            _ = await silo.Weights.PutAsync(await archive.ReadAsync(fitted, cancellationToken), cancellationToken);
            await catalog.PublishGateAsync(fitted.ToGate(), cancellationToken);
        }

        // Only now is it seen: what was interrupted before is begun again by the same command.
        foreach (var member in archive.Manifest.Members)
            await catalog.RegisterAsync(member.Name, cancellationToken);
        int modules = archive.Manifest.Members.Count;
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            new
            {
                Library = library,
                Modules = modules,
                Folder = archive.Folder,
            },
            $"Library {library}: {modules} modules from {archive.Folder}. Ask it: dmkd predict --library "
                + $"{library} {_common.PlaceOptions(parsed)} IMAGE"
        );
        return ExitCode.Success;
    }

    /// <summary>Adds a module with the archive's version as its first; a repeat changes nothing.</summary>
    private static async Task AddAsync(
        ICluster silo,
        LibraryArchive archive,
        LibraryMember member,
        string library,
        CancellationToken cancellationToken
    )
    {
        _ = await silo.Weights.PutAsync(await archive.ReadAsync(member, cancellationToken), cancellationToken);
        var descriptor = member.ToDescriptor(library);
        var module = silo.Grains.GetGrain<IExpertModuleGrain>(descriptor.Key);
        var version = new ModuleVersion
        {
            Number = member.Version,
            Digest = member.Digest,
            Bytes = member.Bytes,
            CreatedAt = TimeProvider.System.GetUtcNow(),
        };
        await module.CreateAsync(descriptor, version, cancellationToken);
        if (member.Entropy is { } entropy)
            await module.RecordSpecializationAsync(
                new ModuleSpecialization(entropy.Version, entropy.Sum, entropy.Count),
                cancellationToken
            );
    }
}
