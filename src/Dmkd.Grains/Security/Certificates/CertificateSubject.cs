using System.Security.Cryptography.X509Certificates;

namespace Dmkd.Grains.Security.Certificates;

/// <summary>Name and role in a certificate's subject: <c>CN=name, OU=role</c>. Pure.</summary>
internal static class CertificateSubject
{
    private const string CommonName = "2.5.4.3", OrganizationalUnit = "2.5.4.11";

    /// <summary>The subject of a certificate to be issued.</summary>
    public static X500DistinguishedName Of(CallerIdentity identity)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationalUnitName(AccessRoles.NameOf(identity.Role));
        subject.AddCommonName(identity.Name);
        return subject.Build();
    }

    /// <summary>Who a certificate says its holder is; null when its subject has not exactly one name and one role.</summary>
    public static CallerIdentity? IdentityOf(X509Certificate2 certificate)
    {
        var parts = certificate.SubjectName.EnumerateRelativeDistinguishedNames().ToList();
        if (parts.Any(part => part.HasMultipleElements)) return null;
        string?[] names = ValuesOf(CommonName), units = ValuesOf(OrganizationalUnit);
        return names is [{ Length: > 0 } name] && units is [{ } unit] && AccessRoles.Of(unit) is { } role ? new CallerIdentity(name, role) : null;

        string?[] ValuesOf(string kind) => [.. parts.Where(part => part.GetSingleElementType().Value == kind).Select(part => part.GetSingleElementValue())];
    }
}
