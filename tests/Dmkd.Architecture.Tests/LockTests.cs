using System.Reflection;

namespace Dmkd.Architecture.Tests;

/// <summary>
/// A filter (<c>catch ... when</c>) runs before the <c>finally</c> of what threw. The compiler may give the filter's
/// pattern the variable in which a <c>lock</c> noted that it is held, as both are flags of one method that are not
/// needed at the same time; the lock is then never released. So a lock within a filter has a method of its own.
/// </summary>
public sealed class LockTests
{
    private const BindingFlags Declared =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    [Theory]
    [InlineData("Dmkd.Core", "Dmkd.Core")]
    [InlineData("Dmkd.Data", "Dmkd.Data")]
    [InlineData("Dmkd.Contracts", "Dmkd.Contracts")]
    [InlineData("Dmkd.Serving", "Dmkd.Serving")]
    [InlineData("Dmkd.Experiments", "Dmkd.Experiments")]
    [InlineData("Dmkd.Grains", "Dmkd.Grains")]
    [InlineData("Dmkd.Hosting", "Dmkd.Hosting")]
    [InlineData("Dmkd.Silo", "dmkd-silo")]
    [InlineData("Dmkd.Client", "dmkd")]
    public void Methods_ThatFilterExceptions_TakeNoLock(string project, string assembly) =>
        Assert.Empty(
            Assembly
                .LoadFrom(AssemblyFile.PathOf(project, assembly))
                .GetTypes()
                .SelectMany(type => type.GetMethods(Declared))
                .Where(LocksWithinAFilter)
                .Select(method => $"{method.DeclaringType}.{method.Name}")
        );

    [Fact]
    public void LocksWithinAFilter_SuchAMethod_IsFound() =>
        Assert.True(LocksWithinAFilter(new Func<object, bool>(Example).Method));

    private static bool Example(object gate)
    {
        try
        {
            lock (gate)
                return gate.ToString() is null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return false;
        }
    }

    private static bool LocksWithinAFilter(MethodInfo method)
    {
        if (method.GetMethodBody() is not { } body)
            return false;
        var filters = body.ExceptionHandlingClauses.Where(clause =>
            clause.Flags == ExceptionHandlingClauseOptions.Filter
        );
        var finals = body
            .ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Finally)
            .Where(clause => BeginsWithFlag(body, clause.HandlerOffset))
            .ToList();
        return filters.Any(filter =>
            finals.Any(final =>
                final.TryOffset >= filter.TryOffset && final.TryOffset < filter.TryOffset + filter.TryLength
            )
        );
    }

    /// <summary>Whether code begins by reading a variable that is true or false, as the end of a lock does.</summary>
    private static bool BeginsWithFlag(MethodBody body, int offset)
    {
        byte[] code = body.GetILAsByteArray()!;
        int? local = code[offset] switch
        {
            >= 0x06 and <= 0x09 => code[offset] - 0x06, // ldloc.0 to ldloc.3
            0x11 => code[offset + 1], // ldloc.s
            _ => null,
        };
        return local is { } index && body.LocalVariables[index].LocalType == typeof(bool);
    }
}
